/* SPDX-License-Identifier: Apache-2.0
 *
 * http/tls.h -- the certificate and key that new TLS connections are given, replaceable while
 * serving. One for the process, as GnuTLS's callback has no place for more. Inside http/ only. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/arena.h"
#include "base/err.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

/* Read PEM files and use them from the next handshake on. On failure what was in use stays.
 *
 * ERR_BAD_REQUEST  a file cannot be read or is not what it should be; *why in a line
 * ERR_NO_MEMORY */
MUST_CHECK err tls_load(const char *cert_file, const char *key_file, arena *a, slice *why);

/* Frees all that was ever loaded; no handshake may be under way. */
void tls_unload(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int tls_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authorities_n,
                    const gnutls_pk_algorithm_t *algorithms, int algorithms_n,
                    gnutls_pcert_st **certificates, unsigned int *certificates_n,
                    gnutls_privkey_t *key);

#endif

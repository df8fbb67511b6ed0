/* SPDX-License-Identifier: Apache-2.0
 *
 * http/tls.c -- certificates by callback. A replaced pair is kept until the end, since a handshake
 * may still be using it; reloads are rare and pairs are small. */
#include "http/tls.h"

#include "base/mem.h"

#include <pthread.h>

enum { MAX_CHAIN = 16 };

struct pair {
    struct pair *older;
    gnutls_pcert_st chain[MAX_CHAIN];
    unsigned int chain_n;
    gnutls_privkey_t key;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pair *newest; /* guarded by lock */

static void pair_free(struct pair *p)
{
    for (unsigned int i = 0; i < p->chain_n; i++)
        gnutls_pcert_deinit(&p->chain[i]);
    if (p->key)
        gnutls_privkey_deinit(p->key);
    mem_free(p);
}

static int load_chain(struct pair *p, const char *file)
{
    gnutls_datum_t pem = {0};
    unsigned int n = MAX_CHAIN;
    gnutls_x509_crt_t certs[MAX_CHAIN];

    int rc = gnutls_load_file(file, &pem);
    if (rc < 0)
        return rc;
    rc = gnutls_x509_crt_list_import(certs, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(pem.data);
    if (rc < 0)
        return rc;
    for (unsigned int i = 0; i < n; i++) {
        if (rc >= 0)
            rc = gnutls_pcert_import_x509(&p->chain[i], certs[i], 0);
        if (rc >= 0)
            p->chain_n++;
        gnutls_x509_crt_deinit(certs[i]);
    }
    return rc;
}

static int load_key(struct pair *p, const char *file)
{
    gnutls_datum_t pem = {0};

    int rc = gnutls_load_file(file, &pem);
    if (rc < 0)
        return rc;
    rc = gnutls_privkey_init(&p->key);
    if (rc >= 0)
        rc = gnutls_privkey_import_x509_raw(p->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_memset(pem.data, 0, pem.size);
    gnutls_free(pem.data);
    return rc;
}

err tls_load(const char *cert_file, const char *key_file, arena *a, slice *why)
{
    struct pair *p = mem_zalloc(sizeof(*p));

    if (!p)
        return ERR_NO_MEMORY;
    int rc = load_chain(p, cert_file);
    if (rc < 0) {
        *why = arena_printf(a, "certificate file %s: %s", cert_file, gnutls_strerror(rc));
        pair_free(p);
        return ERR_BAD_REQUEST;
    }
    rc = load_key(p, key_file);
    if (rc < 0) {
        *why = arena_printf(a, "key file %s: %s", key_file, gnutls_strerror(rc));
        pair_free(p);
        return ERR_BAD_REQUEST;
    }
    pthread_mutex_lock(&lock);
    p->older = newest;
    newest = p;
    pthread_mutex_unlock(&lock);
    return OK;
}

void tls_unload(void)
{
    pthread_mutex_lock(&lock);
    while (newest) {
        struct pair *p = newest;
        newest = p->older;
        pair_free(p);
    }
    pthread_mutex_unlock(&lock);
}

int tls_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authorities_n,
                    const gnutls_pk_algorithm_t *algorithms, int algorithms_n,
                    gnutls_pcert_st **certificates, unsigned int *certificates_n,
                    gnutls_privkey_t *key)
{
    (void)session;
    (void)authorities;
    (void)authorities_n;
    (void)algorithms;
    (void)algorithms_n;

    pthread_mutex_lock(&lock);
    struct pair *p = newest;
    pthread_mutex_unlock(&lock);
    if (!p)
        return -1;
    *certificates = p->chain;
    *certificates_n = p->chain_n;
    *key = p->key;
    return 0;
}

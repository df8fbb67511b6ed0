#include "api/handlers.h"
err openapi(request *rq, tx *t)
{
    (void)t;
    return reply_ok(rq);
}

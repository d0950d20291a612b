// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "io/http.h"
#include "io/loop.h"

#define PROBE_TIMEOUT_MS 3000
#define PROBE_BODY_MAX (64u << 10)

struct probe {
	struct loop *loop;
	enum rc rc;
	struct err *err;
};

static void probed(void *user, const struct http_response *res, const struct err *err)
{
	struct probe *p = user;

	if (!res)
		p->rc = err_set(p->err, err->rc, "%s", err->text);
	else if (res->status != 200)
		p->rc = err_set(
		    p->err, RC_IO, "HTTP %d: %.*s", res->status, STR_ARG(str_trim(buf_str(res->body))));
	loop_stop(p->loop);
}

enum rc ctl_probe(struct ctl *ctl, struct err *err)
{
	struct probe p = {.loop = loop_new(), .rc = RC_OK, .err = err};
	struct http_options options = {.allow_plain_loopback = true,
	    .user_agent = "syncctl",
	    .body_max = PROBE_BODY_MAX,
	    .max_connections = 1};
	struct http_client *http = http_client_new(p.loop, &options, err);

	if (http) {
		http_send(http,
		    &(struct http_request){
		        .method = "GET", .url = ctl->args[0], .timeout_ms = PROBE_TIMEOUT_MS},
		    probed, &p);
		loop_run(p.loop);
	} else {
		p.rc = err->rc;
	}
	http_client_free(http);
	loop_free(p.loop);
	return p.rc;
}

// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The HTTP API as data: one row for each route says who may call it, its typed parameters and the statement
 * that answers it. schemas/openapi.yaml says the same to the outside; a test holds the one against the other.
 *
 * A statement's parameters $1, $2, ... are the route's bound parameters in order. It returns exactly one row
 * (status int, location text, body text, dispatch text): `location` is the new object's path, or on a 200 the
 * next page's; `body` a JSON document, for status >= 400 a problem document; `dispatch` a JSON array of
 * messages to send after the commit, or NULL.
 *
 * A writing statement whose file begins with "-- set:" is executed once for all requests that come together
 * in one caller's scope: $1, $2, ... are arrays then, with an element for each request (NULL: none has any),
 * and it returns as many rows, in their order. None of its parameters may be an array by itself.
 */
#include "base/base.h"
#include "base/buf.h"
#include "io/pg.h"

#define ROUTE_SEGMENTS_MAX 8
#define ROUTE_PUBLIC 0 /* needs no right and no caller */

struct call;
struct dialect;
struct reply;

enum route_effect {
	ROUTE_READ,    /* on the read-only session */
	ROUTE_WRITE,   /* in a batch: one transaction with others */
	ROUTE_HANDLER, /* in C, for what SQL cannot answer: call.h says what a handler may use */
};

enum param_from {
	PARAM_PATH,
	PARAM_QUERY,
	PARAM_BODY,   /* a member of the JSON object */
	PARAM_HEADER, /* malformed values count as absent */
	PARAM_MADE,   /* by us, from the caller's key or the other parameters */
};

enum param_type {
	PARAM_UUID,
	PARAM_INT,            /* min to max */
	PARAM_ENUM,           /* one of `allowed` */
	PARAM_PROVIDER,       /* a registered provider */
	PARAM_RESOURCES,      /* of that provider, each once, separated by commas; when absent all of them */
	PARAM_SOME_RESOURCES, /* the same; null when absent */
	PARAM_BOOL,
	PARAM_CURSOR,  /* where the next page begins */
	PARAM_TEXT,    /* min to max bytes */
	PARAM_IDS,     /* identifiers, as uuid[] */
	PARAM_NAMES,   /* some of `allowed`, each once, as text[] */
	PARAM_OBJECT,  /* a JSON object, as its text */
	PARAM_TEXTS,   /* min to max texts of at most 100 bytes, as text[] */
	PARAM_OBJECTS, /* an array of min to max JSON objects, as its text */
	PARAM_SECRET,  /* min to max visible ASCII characters; not bound */
	PARAM_TRACEPARENT,
	PARAM_EVENT_ID,        /* of a server-sent event */
	PARAM_TIME,            /* RFC 3339 */
	PARAM_DAY_OR_TIME,     /* that, or "2026-11-20" */
	PARAM_IDEMPOTENCY_KEY, /* the effect happens once for each; not bound */
	PARAM_IF_NONE_MATCH,   /* answers have an ETag; not bound */
	PARAM_PREFER,          /* read by what the route's row goes through; not bound */
	PARAM_OWN_TENANT,      /* must be the caller's tenant; not bound */
	PARAM_TENANT,          /* made: the caller's tenant */
	PARAM_USER,            /* made: the user who calls, or null for a service */
	PARAM_OPERATES,        /* made: whether he operates the fleet, and so all tenants are his */
	PARAM_REGISTRY,        /* made: every provider with its resources, a JSON document */
	PARAM_NEW_ID,          /* made: a new identifier */
	PARAM_RIGHTS,          /* made: the caller's rights, as text[] */
	PARAM_DIRECT,          /* made: whether the tasks may be dispatched at once */
};

struct route_param {
	const char *name;
	enum param_from from;
	enum param_type type;
	bool required;
	const char *allowed;  /* "full|incremental" */
	const char *fallback; /* value when absent, or NULL */
	int64_t min;
	int64_t max;
};

struct route {
	const char *method;
	const char *pattern; /* "/v1/syncs/{sync_id}" */
	unsigned needs;      /* a right, or ROUTE_PUBLIC */
	enum route_effect effect;
	const struct pg_statement *statement; /* NULL: a handler's own affair */
	const struct route_param *params;
	size_t nparams;
	void (*handler)(struct call *c);                /* of ROUTE_HANDLER, after the parameters are bound */
	void (*then)(struct call *c, struct reply row); /* what the statement's row goes through, or NULL */
	const struct dialect *dialect;                  /* of its errors; NULL: problem documents */
	bool demo; /* without credentials it is the demo's user who calls, where there is one */
	bool open; /* further query parameters are ignored: they are of others' making */
};

struct routes {
	const struct route *at;
	size_t n;
};

struct route_match {
	const struct route *route;            /* NULL: see allowed */
	struct str value[ROUTE_SEGMENTS_MAX]; /* of the path parameters, in order of the pattern */
	size_t nvalues;
	char allowed[64]; /* methods of the path for `Allow`; empty: no such path */
};

/* The API of this program: the rows of every noun's own file. */
const struct routes *routes_all(void);
extern const struct routes routes_syncs;
extern const struct routes routes_streams;
extern const struct routes routes_connections;
extern const struct routes routes_dead_records;
extern const struct routes routes_keys;
extern const struct routes routes_schedules;
extern const struct routes routes_webhooks;
extern const struct routes routes_dead_letters;
extern const struct routes routes_operating;
/* The five systems, as their users know them. */
extern const struct routes routes_practicepanther;
extern const struct routes routes_highlevel;
extern const struct routes routes_amazon;
extern const struct routes routes_google;
extern const struct routes routes_zoho;
/* Finds the route; a literal segment beats a parameter, the first difference decides. GET answers HEAD too.
 */
void routes_find(const struct routes *routes, struct str method, struct str path, struct route_match *ret);
/* The path parameter's place in route_match.value, or -1. */
int routes_path_place(const struct route *route, const char *name);
/* Whether the route reads a JSON body at all, and whether it cannot do without. */
bool routes_takes_body(const struct route *route);
bool routes_needs_body(const struct route *route);
/* Whether the route has a parameter of that type. */
bool routes_has(const struct route *route, enum param_type type);
/* Appends the table as JSON, one route a line: what `sync-producer --routes` prints. */
void routes_print(const struct routes *routes, struct buf *out);

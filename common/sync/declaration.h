// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Provider declarations: one libconfig file a provider (common/providers/<name>.cfg) says how to authorise,
 * what to ask, where the records are and what answers mean. A declaration is read once at start and never
 * changes afterwards. Every pointer below belongs to its registry. Text that may hold ${variables} is a
 * struct template, see template.h.
 */
#include "base/base.h"
#include "base/buf.h"
#include "sync/column.h"
#include "sync/declaration_rules.h"
#include "sync/template.h"

struct slice_plan;

/* ---- authorisation ---- */

enum auth_kind { AUTH_NONE, AUTH_BEARER, AUTH_OAUTH2 };
enum body_format {
	BODY_FORM,
	BODY_JSON,
	BODY_PARTS, /* requests of a batch; no key says it */
};
enum client_auth { CLIENT_BODY, CLIENT_BASIC };
/* `auto` reads Zoho's habit: milliseconds when expires_in_sec is there too. */
enum duration_unit { DURATION_S, DURATION_MS, DURATION_AUTO };

struct param;

/* A field of the token answer that becomes a setting of the connection (Zoho's api_domain, HighLevel's
 * locationId). */
struct token_setting {
	const char *path;
	const char *setting;
};

/* Whose grant it is. */
struct account_rule {
	const char *path;    /* of the account's id in the token answer, */
	struct texts or ;    /*   where it is when that is left out, in order, */
	struct template url; /*   or in the answer to a GET of this with the access token */
};

struct auth {
	enum auth_kind kind;
	const char *header;            /* carries the access token; "Authorization" */
	const char *prefix;            /* before it; "Bearer " */
	struct template authorize_url; /* oauth2: where a person consents; response_type, client_id,
	                                  redirect_uri, scope, state and authorize_params become its query */
	struct template token_url;
	struct template revoke_url;  /* RFC 7009; none: tokens cannot be withdrawn */
	bool pkce;                   /* RFC 7636, S256 */
	struct account_rule account; /* path NULL: whoever connects it says which account it is */
	struct texts scopes;
	const char *scope_separator;
	LIST_OF(struct param) authorize_params;
	LIST_OF(struct param) token_params; /* further fields of every token request */
	enum body_format body;
	enum client_auth client;
	bool rotating;             /* a refresh spends the refresh token: the answer's is the only good one */
	struct texts access_token; /* where the answer holds them: the first path that is there */
	struct texts refresh_token;
	struct texts expires_in;
	enum duration_unit expires_in_unit;
	int64_t expires_in_default_s; /* when the answer does not say */
	int64_t refresh_early_s;
	int64_t idle_life_s; /* a refresh token dies when unused for so long; 0: never */
	int64_t timeout_s;   /* of the token endpoint; the lease is longer */
	LIST_OF(struct token_setting) settings;
	LIST_OF(struct verdict_rule) verdicts; /* of the token endpoint */
};

/* ---- requests ---- */

enum http_method { METHOD_GET, METHOD_POST };
enum param_in { PARAM_QUERY, PARAM_HEADER, PARAM_BODY };
/* Requests that carry the parameter. Besides, one whose template has an unknown variable is left out. */
enum param_when {
	WHEN_ALWAYS,
	WHEN_FULL,        /* walks of everything */
	WHEN_INCREMENTAL, /* walks of what changed */
	WHEN_FIRST,       /* the first request of a walk, window or parent */
	WHEN_NEXT,        /* the others */
};

struct param {
	enum param_in in;
	const char *name;
	struct template value;
	enum param_when when;
};

enum paging_strategy {
	PAGING_NONE,
	PAGING_OFFSET, /* ${page.offset} grows by the records received */
	PAGING_PAGE,   /* ${page.number} grows by one */
	PAGING_KEY,    /* ${after} is the last record's `key`, by which the records are sorted */
	PAGING_CURSOR, /* ${cursor} comes with the answer (body path or header): cursors, page tokens */
	PAGING_LINK, /* the whole next URL comes with the answer (body path, or Link header with rel=next) */
	PAGING_SYNC_TOKEN, /* as cursor, and the last page gives the token that asks for changes later
	                      (Calendar) */
	PAGING_HISTORY,    /* changes since a number that is taken before the full walk (Gmail) */
};

/* What ends a walk. The absence of a next cursor always does. */
enum paging_stop {
	STOP_SHORT_PAGE, /* fewer records than asked for */
	STOP_EMPTY_PAGE, /* none at all */
	STOP_MORE_FLAG,  /* `more` is false */
	STOP_TOTAL,      /* `total` records were seen */
	STOP_CURSOR,     /* only the absence of a cursor: pages may be short or empty in between */
	STOP_UNSET,
};

enum cap_action {
	CAP_FAIL,
	CAP_BY_KEY, /* the resource's `beyond` shows the rest */
	CAP_SHRINK_WINDOW,
};

struct paging {
	enum paging_strategy strategy;
	int64_t size;            /* ${page.size}; 0: the provider decides */
	int64_t first;           /* number of the first page, or the first offset */
	const char *next;        /* where the next cursor or URL is in the body */
	const char *next_header; /* or in which header */
	const char *sync_token;  /* where the sync token or history number is */
	enum paging_stop stop;
	const char *more;  /* flag: there is more */
	const char *total; /* number of records in all */
	int64_t cap;       /* the provider shows no more than so many records; 0: no cap */
	enum cap_action cap_action;
	const char *key;            /* strategy key: its path, one of the identity or of a column */
	bool guard;                 /* a page that begins with the previous page's first id is stalled */
	bool single_use;            /* a cursor works once: a page must not be asked for again */
	int64_t cursor_life_s;      /* a cursor dies so long after its issue; 0: unknown or never */
	const char *cursor_expires; /* where the answer says until when it lives */
	bool bound;                 /* other parameters must not change while a cursor is used */
};

enum since_format {
	SINCE_RFC3339,
	SINCE_RFC3339_MS,
	SINCE_RFC3339_OFFSET, /* +00:00 for Z */
	SINCE_DATE,
	SINCE_EPOCH_S,
	SINCE_EPOCH_MS
};
enum watermark_source {
	WATERMARK_WALK_START, /* the instant of the walk's first request */
	WATERMARK_MAX_FIELD,  /* the largest value of `field` */
	WATERMARK_ENVELOPE,   /* the answer says it at `path` (Amazon's LastUpdatedBefore) */
	WATERMARK_TOKEN,      /* the paging's sync token or history number */
};

struct incremental {
	bool on;                  /* the group is there */
	enum since_format format; /* how ${since}, ${until} and ${window.*} are written */
	enum watermark_source watermark;
	const char *field;   /* max_field: a timestamp column's name */
	const char *path;    /* envelope: a dotted path */
	int64_t overlap_s;   /* ${since} is so much before the watermark */
	int64_t holdback_s;  /* late data: the last so many seconds are left to the next walk */
	int64_t reread_s;    /* records change without a new time: every walk goes back so far at least */
	int64_t retention_s; /* a watermark older than this needs a full walk */
};

/* Walks go through [from, to) slots of time, oldest first. */
struct window {
	int64_t step_s; /* 0: no windows */
	int64_t min_s;  /* a window that fails (cap, dying tokens) is halved down to this */
	int64_t back_s; /* a full walk begins so long ago */
	bool replace;   /* records have no identity: a window's rows are replaced as a whole */
};

/* The name in a path that is ${parent.<name>}; p NULL: it is none. */
struct str path_parent_key(const char *path);

struct parent_key {
	const char *name;   /* ${parent.<name>} */
	const char *column; /* of the parent's table; of a setting: the element's member, or NULL: itself */
};

/* One walk for every stored record of another resource, or for every element of a connection's setting. */
struct parent {
	const char *resource;
	const char *setting; /* the name of a list; both NULL: there is no parent */
	LIST_OF(struct parent_key) keys;
	bool changed_only; /* walks of what changed: only for those that were written since the last walk */
};

enum deletion_strategy {
	DELETION_NONE,            /* nothing tells */
	DELETION_FEED,            /* a list of deleted ids, asked for when the records have ended */
	DELETION_FIELD,           /* a record says it of itself (status = cancelled) */
	DELETION_GENERATION,      /* what a complete walk did not show is gone */
	DELETION_TWO_GENERATIONS, /* what two complete walks did not show: offset paging may skip rows */
};

struct deletion {
	enum deletion_strategy strategy;
	struct template path; /* feed: the request, */
	LIST_OF(struct param) params;
	const char *records; /*   its records, */
	struct texts id;     /*   their identity, */
	const char *time;    /*   and when (RFC 3339); NULL: it does not say */
	struct paging paging;
	const char *field;         /* field: where, and */
	struct texts equals;       /*   what it says */
	bool complete;             /* field: what a complete walk did not show is gone, too */
	struct template lookup;    /* asks for one record by ${record.id}: 404 confirms */
	int64_t threshold_percent; /* more of the live rows at once is an alarm, not a deletion */
	int64_t every_s;           /* a complete walk is due so often; 0: only when asked for */
};

/*
 * Shows what is beyond the cap of a resource's own paging, after the last record's key, if those were sorted
 * by it. When the resource's parameters use ${keys}, its records are not stored: their identities are, and
 * the resource's own request asks for the records by them.
 */
struct beyond {
	enum http_method method;
	enum body_format body; /* how parameters in the body are written */
	struct template path;
	LIST_OF(struct param) params;
	const char *records; /* NULL: where the resource's are */
	struct paging paging;
};

/* Which fields the records have, asked before the walk: ${columns} are these besides the declared ones. */
struct discovery {
	struct template path;
	LIST_OF(struct param) params;
	const char *records;
	struct texts id; /* where a field's name is */
	int64_t max;     /* names in ${columns}; 0: all */
};

/*
 * The lists show identities only: the records are got by them, many GETs in one multipart/mixed POST
 * (Google).
 */
struct batch {
	struct template path; /* none: no batches */
	struct template item; /* path of one part; ${item.id} */
	int64_t max_parts;
	int64_t cost; /* of one part, for weighted limits; 0: that of a call */
};

/*
 * Changes since a number that is taken before a walk of everything (Gmail). Which records an entry is about,
 * the resource's hook knows; those that are not gone are got by the batch.
 */
struct history {
	struct template start; /* none: no history; asked before a walk of everything */
	struct template path;
	LIST_OF(struct param) params;
	const char *records;
	struct paging paging; /* its sync_token is where both answers hold the number */
};

enum resource_priority { PRIORITY_HIGH, PRIORITY_NORMAL, PRIORITY_LOW };
enum identity_kind {
	IDENTITY_ID,       /* the paths of `id` */
	IDENTITY_POSITION, /* none: window, walk, page and ordinal stand for it (Amazon's events) */
};

/* Which list a walk is in. Walks go through those that the resource has, in this order. */
enum phase {
	PHASE_RECORDS, /* the resource's own */
	PHASE_BY_KEY,  /* what is beyond its paging's cap */
	PHASE_DELETED, /* the feed of deletions */
	/* What no walk goes on to by itself: */
	PHASE_FIELDS,  /* before all: what the records have */
	PHASE_START,   /* of a history, before the records */
	PHASE_CHANGES, /* of a history, in the place of the records */
	PHASE_PARTS,   /* the records of keys, by a batch */
	PHASE_COUNT
};

/* What else the engine reads of a page, outside of its records. */
enum envelope {
	ENVELOPE_NEXT,
	ENVELOPE_SYNC_TOKEN,
	ENVELOPE_MORE,
	ENVELOPE_TOTAL,
	ENVELOPE_WATERMARK,
	ENVELOPE_COUNT
};

/*
 * One list of the provider's, the same way for each phase: how to ask for it, page through it and read it.
 * Views into the declaration, made when it is read.
 */
struct listing {
	enum http_method method;
	enum body_format body;
	const struct template *path;
	const struct param *params;
	size_t nparams;
	const char *records;
	const struct paging *paging;
	const struct texts *id;
	/* Of the records: the id's parts; then the columns and what a deletion is known by (when a field says
	 * it), or for deletions their time (when the feed has one). Of a batch's part, which is one record,
	 * the same as envelope, and the whole behind them. */
	struct slice_plan *plan;      /* NULL: there is no such list */
	int envelope[ENVELOPE_COUNT]; /* index in the plan's envelope, or -1 */
};

#define ID_PARTS_MAX 8 /* paths that make an identity */

struct provider;

struct resource {
	const char *name;
	const char *table;
	const char *operation; /* the name that limits count by; the resource's own unless given */
	const char
	    *version; /* of the API: of several resources of one name one is used; NULL: the only one */
	const char *version_of;   /* the resource whose version this one goes with; NULL: its own */
	const char *hook;         /* C hook that does what no declaration can say; NULL: none */
	struct template base_url; /* instead of the provider's */
	enum http_method method;
	enum body_format body; /* how parameters in the body are written */
	struct template path;
	LIST_OF(struct param) params;
	struct template body_json; /* of an ask: a whole JSON document instead of parameters in the body */
	const char *records;       /* dotted path of the array of records; "": the document is the array */
	struct texts id;           /* dotted paths; their values joined with '/' */
	enum identity_kind identity;
	LIST_OF(struct column) columns;
	bool keep_payload;
	struct texts
	    redact; /* paths that are blanked before anything is stored or logged; * is any element */
	struct paging paging;
	struct beyond beyond;
	struct incremental incremental;
	struct window window;
	struct parent parent;
	struct deletion deletion;
	struct batch batch;
	struct history history;
	struct discovery fields;
	LIST_OF(struct verdict_rule) verdicts; /* before the provider's */
	int64_t cost;                          /* of one call, for weighted limits */
	enum resource_priority priority;
	int64_t timeout_s;
	char fingerprint[9];  /* 8 hex digits of this resource's declaration; cursors carry it */
	int watermark_column; /* index of incremental.field, or -1 */
	int key_field;        /* index of the paging's key in the id's parts and the columns, or -1 */
	bool by_keys;         /* beyond the cap, keys come first, and the records for them */
	bool roams;           /* walks begin with what the last one left, or go from parent to parent */
	bool is_parent;       /* of another resource */
	bool takes_keys; /* paths of the id or of columns are ${parent.<name>}: the parent's, not the record's
	                  */
	const struct resource *parent_resource; /* NULL: none */
	const struct provider *provider;
	struct listing list[PHASE_COUNT];
};

/* Of its dearest call, for weighted limits. */
static inline int64_t resource_dearest(const struct resource *r)
{
	return MAX(r->cost, r->batch.cost * r->batch.max_parts);
}

static inline bool resource_has_parent(const struct resource *r)
{
	return r->parent.resource || r->parent.setting;
}

struct dc_variable {
	const char *name; /* ${dc.<name>} */
	const char *value;
};

struct data_centre {
	const char *name;
	LIST_OF(struct dc_variable) variables;
};

struct provider {
	const char *name;
	const char *title;
	struct template base_url;
	const char *origin_setting; /* connection setting that says at which host the data is, */
	struct texts origin_hosts;  /*   by https and if it is one of these */
	struct auth auth;
	LIST_OF(struct param) headers;   /* of every call; `in` is header */
	const char *data_centre_setting; /* which connection setting chooses one */
	const char *data_centre;         /* the default */
	LIST_OF(struct data_centre) data_centres;
	LIST_OF(struct limit) limits;
	LIST_OF(struct verdict_rule) verdicts;
	LIST_OF(struct resource) resources;
	LIST_OF(struct resource) asks; /* one call each, while somebody waits: nothing is synced by them */
	const char *file;
	char fingerprint[9]; /* of the whole file's meaning (comments do not count) */
};

/* ---- the registry ---- */

struct registry;

/* Reads every *.cfg of a folder. RC_INVALID texts say file, line, key and what is allowed. */
enum rc registry_load(const char *dir, struct registry **ret, struct err *err) MUST_USE;
/* The same with `versions`, "provider.resource=version[,...]", of resources that there are several of; the
 * first counts elsewhere. */
enum rc registry_load_versions(
    const char *dir, const char *versions, struct registry **ret, struct err *err) MUST_USE;

/* A URL of a provider that stands somewhere else than its declaration says. */
struct declared_url {
	const char *provider;
	const char *key; /* "base_url", "auth.token_url" */
	const char *url; /* empty: as declared */
};

struct registry_choices {
	const char *versions; /* as above */
	const struct declared_url *urls;
	size_t nurls;
};

/* The same with both. */
enum rc registry_load_chosen(
    const char *dir, const struct registry_choices *choices, struct registry **ret, struct err *err) MUST_USE;
/* One file only. */
enum rc registry_load_file(const char *file, struct registry **ret, struct err *err) MUST_USE;
/* Accepts NULL. */
void registry_free(struct registry *r);

size_t registry_count(const struct registry *r);
/* In the order of their names. */
const struct provider *registry_at(const struct registry *r, size_t i);
/* NULL: there is none of that name. */
const struct provider *registry_find_provider(const struct registry *r, struct str name);
/* What is asked while somebody waits; NULL: nothing of that name. */
const struct resource *provider_find_ask(const struct provider *p, struct str name);
const struct resource *provider_find_resource(const struct provider *p, struct str name);
const struct data_centre *provider_find_data_centre(const struct provider *p, struct str name);

/* Appends `connection_id, tenant_id, id, [window_from, walk,] <columns>, [payload,] content_hash`: the order
 * of COPY. */
void resource_column_list(const struct resource *r, struct buf *out);

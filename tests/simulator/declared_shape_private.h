// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What declared_shape*.c share. */
#include "base/base.h"
#include "declared_shape.h"
#include "sync/declaration.h"

#include <json-c/json.h>

/* One value of a record: everything that the declaration reads at that path. */
struct leaf {
	const char *path;
	const struct column *column; /* NULL: only a part of the identity, or blanked */
	int id_part;                 /* below 0: none */
	bool is_key;                 /* records are sorted by it */
	bool watermark;              /* holds the time of the last change */
	bool secret;                 /* of `redact` */
};

struct shape_resource {
	const struct resource *declared;
	struct leaf *leaves;
	size_t nleaves;
	char *id_key;
	char *text_key;
};

struct shape {
	struct registry *registry;
	const struct provider *provider;
	struct shape_resource *resources;
};

const struct shape_resource *shape_find(const struct shape *s, const char *resource);
void shape_leaves_init(struct shape_resource *r);

/* Puts a value (whose reference it takes) at a dotted path, making objects on the way. */
void shape_put(json_object *root, const char *path, json_object *value);
/* The value of a leaf. */
json_object *shape_value(
    const struct shape_resource *r, const struct leaf *leaf, const struct shape_facts *f);

/* What a request's variables were, read back. */
struct shape_found {
	char account[PARAM_MAX];
	char cursor[PARAM_MAX];
	char since[PARAM_MAX];
	char size[PARAM_MAX];
	char offset[PARAM_MAX];
	char number[PARAM_MAX];
	char after[PARAM_MAX];
	char from[PARAM_MAX];
	char to[PARAM_MAX];
	char parent[PARAM_MAX];
	char parent_key[PARAM_MAX];
	struct buf keys;
};

/* Whether `text` is what the template may have expanded to; its variables are put into `found`. A path's
 * variables end at slashes and were percent-encoded. */
bool shape_match(const struct template *t, struct str text, bool is_path, struct shape_found *found);

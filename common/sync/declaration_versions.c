// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration_versions.h"

#define VERSIONS_TEXT_MAX 256

struct wish {
	struct str provider;
	struct str resource;
	struct str version;
};

/* Takes the next one off; false: there are no more, or it is none (`ret` is then empty or not). */
static bool wish_next(struct str *rest, struct wish *ret)
{
	*ret = (struct wish){0};
	if (!str_trim(*rest).n)
		return false;
	struct str one = str_trim(str_cut(rest, ','));
	ret->version = one;
	struct str name = str_trim(str_cut(&ret->version, '='));
	ret->version = str_trim(ret->version);
	ret->resource = name;
	ret->provider = str_cut(&ret->resource, '.');
	return ret->provider.n && ret->resource.n && ret->version.n;
}

enum rc versions_check(struct str wanted, struct err *err)
{
	struct wish wish;
	while (str_trim(wanted).n)
		if (!wish_next(&wanted, &wish))
			return err_set(err, RC_INVALID,
			    "providers.versions: provider.resource=version[,...] is what it looks like");
	return RC_OK;
}

struct str versions_stranger(struct str wanted, bool (*known)(void *user, struct str provider), void *user)
{
	struct wish wish;
	while (wish_next(&wanted, &wish))
		if (!known(user, wish.provider))
			return wish.provider;
	return (struct str){0};
}

static struct str text_of(const config_setting_t *group, const char *name)
{
	const char *s = NULL;
	if (!config_setting_is_group(group) || !config_setting_lookup_string(group, name, &s))
		return (struct str){0};
	return str_of(s);
}

/* Whose version the resource goes with. */
static struct str subject_of(const config_setting_t *resource)
{
	struct str of = text_of(resource, "version_of");
	return of.n ? of : text_of(resource, "name");
}

static struct str wanted_of(struct str wanted, struct str provider, struct str resource)
{
	struct wish wish;
	while (wish_next(&wanted, &wish))
		if (str_eq(wish.provider, provider) && str_eq(wish.resource, resource))
			return wish.version;
	return (struct str){0};
}

static struct str first_of(const config_setting_t *list, struct str subject)
{
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *one = config_setting_get_elem(list, (unsigned)i);
		struct str version = text_of(one, "version");
		if (version.n && str_eq(subject_of(one), subject))
			return version;
	}
	return (struct str){0};
}

static bool has_version(const config_setting_t *list, struct str resource, struct str version)
{
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *one = config_setting_get_elem(list, (unsigned)i);
		if (str_eq(text_of(one, "name"), resource) && str_eq(text_of(one, "version"), version))
			return true;
	}
	return false;
}

static enum rc fail_version(const struct reader *r, const config_setting_t *list, const struct wish *wish)
{
	char there[VERSIONS_TEXT_MAX] = "none";
	size_t n = 0;
	for (int i = 0; i < config_setting_length(list); i++) {
		const config_setting_t *one = config_setting_get_elem(list, (unsigned)i);
		struct str version = text_of(one, "version");
		if (version.n && str_eq(text_of(one, "name"), wish->resource) && n < sizeof there)
			n += (size_t)snprintf(
			    there + n, sizeof there - n, "%s%.*s", n ? ", " : "", STR_ARG(version));
	}
	return err_set(r->err, RC_INVALID,
	    "providers.versions: %.*s.%.*s has no version \"%.*s\"; there are: %s", STR_ARG(wish->provider),
	    STR_ARG(wish->resource), STR_ARG(wish->version), there);
}

/* From the end: what is the first one of a name stays until it was looked at. */
static void remove_others(
    config_setting_t *from, const config_setting_t *resources, struct str provider, struct str wanted)
{
	for (int i = config_setting_length(from); i-- > 0;) {
		const config_setting_t *one = config_setting_get_elem(from, (unsigned)i);
		struct str version = text_of(one, "version");
		struct str subject = subject_of(one);
		struct str chosen = wanted_of(wanted, provider, subject);
		if (version.n && !str_eq(version, chosen.n ? chosen : first_of(resources, subject)))
			config_setting_remove_elem(from, (unsigned)i);
	}
}

enum rc versions_choose(const struct reader *r, const config_setting_t *root, struct str wanted)
{
	config_setting_t *list = config_setting_get_member(root, "resources");
	struct str provider = text_of(root, "name");
	struct str rest = wanted;
	struct wish wish;
	if (!list || !config_setting_is_aggregate(list))
		return RC_OK;
	while (wish_next(&rest, &wish))
		if (str_eq(wish.provider, provider) && !has_version(list, wish.resource, wish.version))
			return fail_version(r, list, &wish);
	config_setting_t *limits = config_setting_get_member(root, "limits");
	if (limits)
		remove_others(limits, list, provider, wanted);
	remove_others(list, list, provider, wanted);
	return RC_OK;
}

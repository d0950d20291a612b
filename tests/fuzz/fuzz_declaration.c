// SPDX-License-Identifier: Apache-2.0
/*
 * Any text as a provider's declaration: refused with a reason that names the file, or usable as it is (its
 * layouts compile). The seeds are the real declarations and the tests' good and bad ones.
 */
#include "base/base.h"
#include "base/buf.h"
#include "row.h"
#include "sync/declaration.h"

#include <sys/mman.h>
#include <unistd.h>

#define LIST_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets its string buffer when a text ends inside of a string; we read files once, at start.
 */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_resource(const struct resource *resource)
{
	struct buf list = BUF(LIST_MAX);
	struct row_layout *layout = row_layout_new(resource);
	size_t n;

	resource_column_list(resource, &list);
	check(buf_ok(&list) && list.n > 0, "no column list");
	row_layout_columns(layout, &n);
	check(n >= 4, "too few columns");
	check(resource->list[PHASE_RECORDS].plan != NULL, "no plan");
	check(strlen(resource->fingerprint) == 8, "no fingerprint");
	row_layout_free(layout);
	buf_done(&list);
}

static void check_file(const char *file)
{
	struct registry *registry = NULL;
	struct err err = {0};
	enum rc rc = registry_load_file(file, &registry, &err);

	if (rc != RC_OK) {
		check(!registry && err.rc == rc && strstr(err.text, file),
		    "an error that does not name the file");
		return;
	}
	check(registry_count(registry) == 1, "not one provider");
	const struct provider *provider = registry_at(registry, 0);
	check(provider->name && *provider->name, "no name");
	for (size_t i = 0; i < provider->resources.n; i++)
		check_resource(&provider->resources.at[i]);
	registry_free(registry);
}

/* libconfig can include other files: what is on this machine is no business of a fuzzer. */
static bool includes_files(const uint8_t *data, size_t size)
{
	return memmem(data, size, "@include", 8) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	char file[32];

	if (includes_files(data, size))
		return 0;
	if (fd < 0)
		fd = memfd_create("declaration", MFD_CLOEXEC);
	check(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size, "memfd");
	snprintf(file, sizeof file, "/proc/self/fd/%d", fd);
	check_file(file);
	return 0;
}

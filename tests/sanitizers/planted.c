// SPDX-License-Identifier: Apache-2.0
/* Bugs planted for the sanitizers to notice; CMakeLists.txt says which of them. */
#include "base/base.h"

#include <limits.h>
#include <pthread.h>

#define SMALL 4

/* Out of the compiler's sight, which would see these bugs itself. */
static volatile int one = 1;
static void *volatile kept;

static void use_after_free(void)
{
	int *p = mem_array(SMALL, sizeof *p);

	kept = p;
	free(p);
	printf("%d\n", ((int *)kept)[one]); // NOLINT(clang-analyzer-unix.Malloc): planted
}

static void heap_overflow(void)
{
	kept = mem_array(SMALL, sizeof(int));
	((int *)kept)[SMALL - 1 + one] = 1;
	free(kept);
}

static void leak(void)
{
	kept = mem_alloc(SMALL);
	kept = NULL;
}

static void signed_overflow(void)
{
	printf("%d\n", INT_MAX + one);
}

static void null_pointer(void)
{
	const int *p = kept;

	printf("%d\n", *p);
}

static int raced;

static void *race_thread(void *user)
{
	raced += one;
	return user;
}

static void race(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, race_thread, NULL) != 0)
		abort();
	raced += one;
	pthread_join(thread, NULL);
}

static const struct {
	const char *name;
	void (*run)(void);
} bugs[] = {
    {"use_after_free", use_after_free},
    {"heap_overflow", heap_overflow},
    {"leak", leak},
    {"signed_overflow", signed_overflow},
    {"null_pointer", null_pointer},
    {"race", race},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(argv[1], bugs[i].name) != 0)
			continue;
		bugs[i].run();
		return EXIT_SUCCESS;
	}
	return EXIT_FAILURE;
}

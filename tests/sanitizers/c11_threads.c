// SPDX-License-Identifier: Apache-2.0
/*
 * C11 threads on POSIX threads, for ThreadSanitizer's builds only: it knows pthread_create and
 * pthread_mutex_lock but not thrd_create and mtx_lock, which Debian's librdkafka calls, and crashes in a
 * thread that it did not see begin (google/sanitizers issue 1603). These definitions stand before the C
 * library's, for shared libraries, too.
 */
#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <threads.h>

/* glibc's own types are these, too. */
_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "a mtx_t holds a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "a cnd_t holds a pthread_cond_t");

const char *__tsan_default_options(void);

/* Libraries that are not instrumented use atomics that are not seen: what looks like their races is none. */
const char *__tsan_default_options(void)
{
	return "ignore_noninstrumented_modules=1";
}

static int result(int error)
{
	return error == 0           ? thrd_success
	       : error == EBUSY     ? thrd_busy
	       : error == ETIMEDOUT ? thrd_timedout
	                            : thrd_error;
}

struct start {
	thrd_start_t function;
	void *user;
};

static void *begin(void *p)
{
	struct start start = *(struct start *)p;

	free(p);
	return (void *)(intptr_t)start.function(start.user);
}

int thrd_create(thrd_t *ret, thrd_start_t function, void *user)
{
	struct start *start = mem_alloc(sizeof *start);

	*start = (struct start){function, user};
	int error = pthread_create(ret, NULL, begin, start);
	if (error)
		free(start);
	return result(error);
}

int thrd_join(thrd_t thread, int *ret)
{
	void *value;
	int error = pthread_join(thread, &value);

	if (!error && ret)
		*ret = (int)(intptr_t)value;
	return result(error);
}

int mtx_init(mtx_t *m, int type)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(
	    &attr, type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
	int error = pthread_mutex_init((pthread_mutex_t *)m, &attr);
	pthread_mutexattr_destroy(&attr);
	return result(error);
}

int mtx_lock(mtx_t *m)
{
	return result(pthread_mutex_lock((pthread_mutex_t *)m));
}

int mtx_trylock(mtx_t *m)
{
	return result(pthread_mutex_trylock((pthread_mutex_t *)m));
}

int mtx_unlock(mtx_t *m)
{
	return result(pthread_mutex_unlock((pthread_mutex_t *)m));
}

void mtx_destroy(mtx_t *m)
{
	pthread_mutex_destroy((pthread_mutex_t *)m);
}

int cnd_init(cnd_t *c)
{
	return result(pthread_cond_init((pthread_cond_t *)c, NULL));
}

int cnd_signal(cnd_t *c)
{
	return result(pthread_cond_signal((pthread_cond_t *)c));
}

int cnd_broadcast(cnd_t *c)
{
	return result(pthread_cond_broadcast((pthread_cond_t *)c));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
	return result(pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
	return result(pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m, until));
}

void cnd_destroy(cnd_t *c)
{
	pthread_cond_destroy((pthread_cond_t *)c);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/metrics_internal.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

/* Fields of /proc/self/stat behind the command name, counted from 0 (proc(5): utime is field 14, the state
 * 3). */
enum stat_field {
	STAT_UTIME = 11,
	STAT_STIME = 12,
	STAT_THREADS = 17,
	STAT_START = 19,
	STAT_VSIZE = 20,
	STAT_RSS = 21
};

#define STAT_FIELDS 22

static void add(struct buf *out, const char *name, const char *kind, const char *help, double value)
{
	buf_printf(out, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %.15g\n", name, help, name,
	    kind, name, value);
}

static size_t read_file(const char *path, char *ret, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(ret, 1, size - 1, file) : 0;

	if (file)
		(void)fclose(file);
	ret[n] = '\0';
	return n;
}

static bool read_stat(int64_t ret[STAT_FIELDS])
{
	char text[1024];
	size_t n = read_file("/proc/self/stat", text, sizeof text);
	const char *name_end = memrchr(text, ')', n); /* the command's name may hold anything */

	if (!name_end || name_end[1] != ' ')
		return false;
	struct str rest = str_of(name_end + 2);
	for (size_t i = 0; i < STAT_FIELDS; i++) {
		struct str word = str_cut(&rest, ' ');

		ret[i] = 0;
		if (i && !str_to_i64(word, &ret[i])) /* the first is the state's letter */
			ret[i] = INT64_MAX;          /* a limit that does not fit */
	}
	return true;
}

/* Seconds since 1970 when the machine started, from "btime" of /proc/stat. */
static int64_t boot_time(void)
{
	static int64_t cached;
	FILE *file = cached ? NULL : fopen("/proc/stat", "re");
	char line[256];

	if (!file)
		return cached;
	while (!cached && fgets(line, sizeof line, file)) {
		if (strncmp(line, "btime ", 6) == 0 && !str_to_i64(str_trim(str_of(line + 6)), &cached))
			cached = 0;
	}
	(void)fclose(file);
	return cached;
}

static int64_t count_open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int64_t n = -3; /* ".", ".." and the folder itself */

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

void metrics_render_process(struct buf *out)
{
	int64_t stat[STAT_FIELDS];
	double tick = (double)sysconf(_SC_CLK_TCK);
	struct rlimit files;
	struct rlimit memory;

	if (!read_stat(stat))
		return;
	add(out, "cpu_seconds_total", "counter", "User and system CPU time spent.",
	    (double)(stat[STAT_UTIME] + stat[STAT_STIME]) / tick);
	add(out, "resident_memory_bytes", "gauge", "Resident memory.",
	    (double)stat[STAT_RSS] * (double)sysconf(_SC_PAGESIZE));
	add(out, "virtual_memory_bytes", "gauge", "Virtual memory.", (double)stat[STAT_VSIZE]);
	add(out, "start_time_seconds", "gauge", "Start of the process since 1970.",
	    (double)boot_time() + (double)stat[STAT_START] / tick);
	add(out, "threads", "gauge", "Threads.", (double)stat[STAT_THREADS]);
	add(out, "open_fds", "gauge", "Open file descriptors.", (double)count_open_files());
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		add(out, "max_fds", "gauge", "Most file descriptors that may be open.",
		    (double)files.rlim_cur);
	if (getrlimit(RLIMIT_AS, &memory) == 0)
		add(out, "virtual_memory_max_bytes", "gauge", "Most virtual memory, -1 for any amount.",
		    memory.rlim_cur == RLIM_INFINITY ? -1 : (double)memory.rlim_cur);
}

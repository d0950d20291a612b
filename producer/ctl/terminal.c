// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct terminal terminal_look(void)
{
	const char *term = getenv("TERM");
	const char *forced = getenv("CLICOLOR_FORCE");
	const char *refused = getenv("NO_COLOR");
	struct terminal t = {.width = 80, .height = 24};
	struct winsize size;

	t.redraws = isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
	t.colours = t.redraws;
	if (forced && *forced && strcmp(forced, "0") != 0)
		t.colours = true;
	if (refused && *refused)
		t.colours = false;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
		t.width = size.ws_col;
		t.height = size.ws_row;
	}
	return t;
}

void terminal_rest(int64_t ms)
{
	(void)poll(NULL, 0, (int)ms);
}

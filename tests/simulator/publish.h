// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The file that tells others where a program listens. */
#include "base/base.h"

/* Writes `text` to `path` so that a reader sees all of it or nothing. */
enum rc file_publish(const char *path, const char *text, struct err *err) MUST_USE;

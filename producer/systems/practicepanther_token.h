// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What routes_practicepanther.c cannot say in SQL. */
#include "reply.h"

struct call;

/* GET .../auth-url, .../callback, POST .../disconnect */
void practicepanther_auth_url(struct call *c);
void practicepanther_callback(struct call *c);
void practicepanther_disconnect(struct call *c);
/* POST .../trigger-sync: the row of the sync that was accepted, or why it was not. */
void practicepanther_triggered(struct call *c, struct reply row);

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox/output.h"

#include "base/clock.h"
#include "base/fs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_BYTES 65536
#define COLLECT_MAX_BYTES 65536

static void pass_on(KilnOutput *output, const char *data, gsize size)
{
	if (!output->failed_errno && !kiln_fs_write_all(1, data, size))
		output->failed_errno = errno;
}

static void end(KilnOutput *output)
{
	if (output->read_fd >= 0)
		close(output->read_fd);
	output->read_fd = -1;
	output->ended = TRUE;
}

void kiln_output_pump(KilnOutput *output, int from_fd)
{
	char buffer[CHUNK_BYTES];
	ssize_t got = read(from_fd, buffer, sizeof(buffer));
	gsize allowed;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		end(output);
		return;
	}
	output->last_us = kiln_clock_monotonic_us();
	allowed = (gsize)got;
	if (output->limit_bytes > 0)
		allowed = MIN(allowed, (gsize)output->limit_bytes - output->bytes);
	if (allowed < (gsize)got)
		output->exceeded = TRUE;
	pass_on(output, buffer, allowed);
	output->bytes += allowed;
}

void kiln_output_say(KilnOutput *output, const char *text)
{
	pass_on(output, "\nkiln: ", strlen("\nkiln: "));
	pass_on(output, text, strlen(text));
	pass_on(output, "\n", 1);
}

void kiln_output_collect(int *fd, GString *into)
{
	char buffer[CHUNK_BYTES];
	ssize_t got = read(*fd, buffer, sizeof(buffer));

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		close(*fd);
		*fd = -1;
		return;
	}
	if (into->len < COLLECT_MAX_BYTES)
		g_string_append_len(
			into, buffer, MIN(got, (ssize_t)(COLLECT_MAX_BYTES - into->len)));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include "base/text.h"

gint64 kiln_clock_now(void)
{
	const char *frozen = g_getenv("KILN_CLOCK");
	gint64 seconds;

	if (frozen && kiln_text_parse_number(frozen, 0, G_MAXINT32, &seconds, NULL))
		return seconds;
	return g_get_real_time() / G_USEC_PER_SEC;
}

gint64 kiln_clock_monotonic_us(void)
{
	return g_get_monotonic_time();
}

static char *format_time(gint64 seconds, const char *format)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	return time ? g_date_time_format(time, format) : g_strdup("?");
}

char *kiln_clock_compact(gint64 seconds)
{
	return format_time(seconds, "%Y%m%dT%H%M%SZ");
}

char *kiln_clock_readable(gint64 seconds)
{
	return format_time(seconds, "%Y-%m-%d %H:%M:%SZ");
}

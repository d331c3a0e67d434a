/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal to look at: what bytes make of a screen of so many columns and rows, with all that was
 * scrolled off above it. Knows what Kiln uses and fails on the rest. Tests only. */
#pragma once

#include "check.h"

#include <glib.h>

#define SCREEN_MAX 200

typedef struct {
	int columns, rows, x, y;
	gunichar cells[SCREEN_MAX][SCREEN_MAX]; /* 0: blank or the right half of a wide one */
	GString *above;
} Screen;

static void screen_append_row(const Screen *screen, int row, GString *text)
{
	gsize start = text->len;

	for (int x = 0; x < screen->columns; x++) {
		gunichar c = screen->cells[row][x];
		gboolean right_half =
			c == 0 && x > 0 && g_unichar_iswide(screen->cells[row][x - 1]);
		if (!right_half)
			g_string_append_unichar(text, c ? c : ' ');
	}
	while (text->len > start && text->str[text->len - 1] == ' ')
		g_string_truncate(text, text->len - 1);
	g_string_append_c(text, '\n');
}

static void screen_new_line(Screen *screen)
{
	if (screen->y + 1 < screen->rows) {
		screen->y++;
		return;
	}
	screen_append_row(screen, 0, screen->above);
	memmove(screen->cells[0], screen->cells[1],
		sizeof screen->cells[0] * (gsize)(screen->rows - 1));
	memset(screen->cells[screen->rows - 1], 0, sizeof screen->cells[0]);
}

static void screen_put(Screen *screen, gunichar c)
{
	int width = g_unichar_iswide(c) ? 2 : 1;

	if (screen->x + width > screen->columns) {
		screen->x = 0;
		screen_new_line(screen);
	}
	screen->cells[screen->y][screen->x] = c;
	if (width == 2)
		screen->cells[screen->y][screen->x + 1] = 0;
	screen->x += width;
}

static void screen_erase_below(Screen *screen)
{
	memset(&screen->cells[screen->y][screen->x], 0,
		sizeof(gunichar) * (gsize)(SCREEN_MAX - screen->x));
	for (int y = screen->y + 1; y < screen->rows; y++)
		memset(screen->cells[y], 0, sizeof screen->cells[y]);
}

/* One escape sequence at `text`; returns what follows it. */
static const char *screen_escape(Screen *screen, const char *text)
{
	char *end = NULL;
	long count = 1;

	assert_int_equal(text[1], '[');
	count = strtol(text + 2, &end, 10);
	if (*end == 'A')
		screen->y = MAX(0, screen->y - (int)MAX(1, count));
	else if (*end == 'J')
		screen_erase_below(screen);
	else if (*end != 'm')
		fail_msg("unknown escape sequence: %s", text + 1);
	return end + 1;
}

static void screen_feed(Screen *screen, const char *text)
{
	while (*text) {
		gunichar c = g_utf8_get_char(text);
		if (c == '\033') {
			text = screen_escape(screen, text);
			continue;
		}
		if (c == '\r')
			screen->x = 0;
		else if (c == '\n')
			screen_new_line(screen);
		else
			screen_put(screen, c);
		text = g_utf8_next_char(text);
	}
}

/* What a person sees after `bytes`, scrolled back to the beginning; without blanks at line ends and
 * empty lines at the end. */
static char *screen_after(const char *bytes, int columns, int rows)
{
	g_autofree Screen *screen = g_new0(Screen, 1);

	screen->columns = columns;
	screen->rows = rows;
	screen->above = g_string_new(NULL);
	screen_feed(screen, bytes);
	for (int y = 0; y < rows; y++)
		screen_append_row(screen, y, screen->above);
	while (g_str_has_suffix(screen->above->str, "\n\n") ||
		strcmp(screen->above->str, "\n") == 0)
		g_string_truncate(screen->above, screen->above->len - 1);
	return g_string_free(screen->above, FALSE);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst-sod/core/json-check-private.h>

#include <string.h>

/* Integers of this many digits fit into a gint64 whatever they are. */
#define MAX_INTEGER_DIGITS 18

typedef struct
{
  const gchar *text;
  gsize length;
  gsize position;
  GError **error;
} Scanner;

static gboolean scan_value (Scanner *self, guint depth);

static gboolean
fail (Scanner *self, const gchar *what)
{
  g_set_error (self->error, GST_SOD_ERROR, GST_SOD_ERROR_FORMAT,
      "JSON: %s at byte %" G_GSIZE_FORMAT, what, self->position);
  return FALSE;
}

/* The character at the position, NUL at the end: the text itself holds no
 * NUL. */
static gchar
peek (const Scanner *self)
{
  return self->position < self->length ? self->text[self->position] : '\0';
}

static gboolean
accept (Scanner *self, gchar wanted)
{
  if (peek (self) != wanted)
    return FALSE;
  self->position++;
  return TRUE;
}

static void
skip_space (Scanner *self)
{
  while (self->position < self->length
         && strchr (" \t\r\n", self->text[self->position]) != NULL)
    self->position++;
}

static gboolean
scan_hex (Scanner *self, gunichar *value)
{
  *value = 0;
  for (guint i = 0; i < 4; i++) {
    gint digit = g_ascii_xdigit_value (peek (self));

    if (digit < 0)
      return fail (self, "\\u without four hexadecimal digits");
    *value = *value << 4 | (gunichar) digit;
    self->position++;
  }
  return TRUE;
}

/* After "\u". */
static gboolean
scan_unicode (Scanner *self, GString *content)
{
  gunichar value, low;

  if (!scan_hex (self, &value))
    return FALSE;
  if (value >= 0xd800 && value < 0xdc00) {
    if (!accept (self, '\\') || !accept (self, 'u'))
      return fail (self, "half of a surrogate pair");
    if (!scan_hex (self, &low))
      return FALSE;
    if (low < 0xdc00 || low > 0xdfff)
      return fail (self, "half of a surrogate pair");
    value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
  } else if (value >= 0xdc00 && value <= 0xdfff) {
    return fail (self, "half of a surrogate pair");
  }
  if (value == 0)
    return fail (self, "a NUL character in a string");
  g_string_append_unichar (content, value);
  return TRUE;
}

static gboolean
scan_escape (Scanner *self, GString *content)
{
  static const gchar names[] = "\"\\/bfnrt";
  static const gchar values[] = "\"\\/\b\f\n\r\t";
  gchar c = peek (self);
  const gchar *at = c == '\0' ? NULL : strchr (names, c);

  if (c == 'u') {
    self->position++;
    return scan_unicode (self, content);
  }
  if (at == NULL)
    return fail (self, "an unknown escape");
  self->position++;
  g_string_append_c (content, values[at - names]);
  return TRUE;
}

/* Appends the unescaped string to @content. */
static gboolean
scan_string (Scanner *self, GString *content)
{
  if (!accept (self, '"'))
    return fail (self, "a string was expected");
  while (!accept (self, '"')) {
    gchar c = peek (self);

    if (self->position >= self->length)
      return fail (self, "a string without an end");
    if ((guchar) c < 0x20)
      return fail (self, "a control character in a string");
    self->position++;
    if (c != '\\')
      g_string_append_c (content, c);
    else if (!scan_escape (self, content))
      return FALSE;
  }
  return TRUE;
}

static guint
skip_digits (Scanner *self)
{
  gsize start = self->position;

  while (g_ascii_isdigit (peek (self)))
    self->position++;
  return (guint) (self->position - start);
}

static gboolean
scan_number (Scanner *self)
{
  gboolean is_integer = TRUE;
  guint digits = 1;

  accept (self, '-');
  if (!accept (self, '0')) {
    digits = skip_digits (self);
    if (digits == 0)
      return fail (self, "a value was expected");
  }
  if (accept (self, '.')) {
    is_integer = FALSE;
    if (skip_digits (self) == 0)
      return fail (self, "a number without digits after its point");
  }
  if (accept (self, 'e') || accept (self, 'E')) {
    is_integer = FALSE;
    if (!accept (self, '+'))
      accept (self, '-');
    if (skip_digits (self) == 0)
      return fail (self, "a number without digits in its exponent");
  }
  if (is_integer && digits > MAX_INTEGER_DIGITS)
    return fail (self, "an integer out of range");
  return TRUE;
}

static gboolean
scan_word (Scanner *self, const gchar *word)
{
  gsize length = strlen (word);

  if (self->length - self->position < length
      || memcmp (self->text + self->position, word, length) != 0)
    return fail (self, "a value was expected");
  self->position += length;
  return TRUE;
}

static gboolean
scan_key (Scanner *self, GHashTable *keys)
{
  g_autoptr (GString) key = g_string_new (NULL);

  if (!scan_string (self, key))
    return FALSE;
  if (!g_hash_table_add (keys, g_strdup (key->str)))
    return fail (self, "a key that the object already has, before");
  return TRUE;
}

static gboolean
scan_object (Scanner *self, guint depth)
{
  g_autoptr (GHashTable) keys =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  self->position++;
  skip_space (self);
  if (accept (self, '}'))
    return TRUE;
  do {
    skip_space (self);
    if (!scan_key (self, keys))
      return FALSE;
    skip_space (self);
    if (!accept (self, ':'))
      return fail (self, "':' was expected");
    if (!scan_value (self, depth))
      return FALSE;
    skip_space (self);
  } while (accept (self, ','));
  return accept (self, '}') || fail (self, "',' or '}' was expected");
}

static gboolean
scan_array (Scanner *self, guint depth)
{
  self->position++;
  skip_space (self);
  if (accept (self, ']'))
    return TRUE;
  do {
    if (!scan_value (self, depth))
      return FALSE;
    skip_space (self);
  } while (accept (self, ','));
  return accept (self, ']') || fail (self, "',' or ']' was expected");
}

static gboolean
scan_value (Scanner *self, guint depth)
{
  g_autoptr (GString) content = NULL;

  skip_space (self);
  switch (peek (self)) {
    case '{':
    case '[':
      if (depth == GST_SOD_JSON_MAX_DEPTH)
        return fail (self, "nesting deeper than " G_STRINGIFY (
                               GST_SOD_JSON_MAX_DEPTH) " levels");
      return peek (self) == '{' ? scan_object (self, depth + 1)
                                : scan_array (self, depth + 1);
    case '"':
      content = g_string_new (NULL);
      return scan_string (self, content);
    case 't':
      return scan_word (self, "true");
    case 'f':
      return scan_word (self, "false");
    case 'n':
      return scan_word (self, "null");
    default:
      return scan_number (self);
  }
}

gboolean
gst_sod_json_check (const gchar *text, gsize length, GError **error)
{
  Scanner scanner = { text, length, 0, error };
  const gchar *end;

  if (!g_utf8_validate_len (text, length, &end)) {
    scanner.position = (gsize) (end - text);
    return fail (&scanner, "no UTF-8");
  }
  if (!scan_value (&scanner, 0))
    return FALSE;
  skip_space (&scanner);
  if (scanner.position < length)
    return fail (&scanner, "something after the value");
  return TRUE;
}

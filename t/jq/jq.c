/*
 * jq.c - stands before the real jq in the PATH of the tests
 *
 * jq takes 25 ms of processor to begin, and half of the 1,600 calls of a test run ask for one field
 * of one object. Those are answered here, in one: options of the letters r, c and e, a filter that
 * is a path (.a.b, .a[0].b), standard input or one file, and a result that is a string, an integer,
 * a bool or null. All else, errors included, is the real jq's: it gets the same arguments and
 * input.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/json.h"

#define EXACT (1LL << 53) /* beyond it jq's numbers are rounded */

struct ask {
	bool raw;
	bool judge; /* -e */
	const char *path;
	const char *file;
	char *text; /* the input, to its end */
	size_t len;
};

/* The next jq in PATH that is not this program, with the input read so far; returns only when there
 * is none. */
static int leave(const struct ask *a, char **argv)
{
	char own[PATH_MAX] = "", name[PATH_MAX], there[PATH_MAX];
	const char *dirs = getenv("PATH");

	if (a->text && !a->file) {
		int fd = memfd_create("jq", 0);

		if (fd < 0 || write(fd, a->text, a->len) != (ssize_t)a->len ||
			lseek(fd, 0, SEEK_SET) || dup2(fd, STDIN_FILENO) < 0)
			return 2;
	}
	if (readlink("/proc/self/exe", own, sizeof(own) - 1) < 0)
		return 2;
	for (; dirs && *dirs; dirs += *dirs == ':') {
		int n = (int)strcspn(dirs, ":");

		snprintf(name, sizeof(name), "%.*s/jq", n, dirs);
		if (realpath(name, there) && strcmp(there, own) != 0)
			execv(name, argv);
		dirs += n;
	}
	fprintf(stderr, "jq: there is no other jq\n");
	return 127;
}

static bool understand(struct ask *a, char **argv)
{
	for (argv++; *argv && **argv == '-'; argv++) {
		if (!(*argv)[1] || strspn(*argv + 1, "rce") != strlen(*argv + 1))
			return false;
		a->raw |= strchr(*argv, 'r') != NULL;
		a->judge |= strchr(*argv, 'e') != NULL;
	}
	a->path = *argv;
	if (!a->path || *a->path != '.' || (argv[1] && (argv[2] || *argv[1] == '-')))
		return false;
	a->file = argv[1];
	return true;
}

static bool read_all(struct ask *a)
{
	int fd = a->file ? open(a->file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	size_t room = 0;
	ssize_t n = fd < 0 ? -1 : 1;

	while (n > 0) {
		if (a->len == room)
			a->text = realloc(a->text, room = room * 2 + 65536);
		n = a->text ? read(fd, a->text + a->len, room - a->len) : -1;
		a->len += n > 0 ? (size_t)n : 0;
	}
	return n == 0;
}

/* What the path leads to, NULL for nothing and whatever jq would say of it. */
static json_t *follow(json_t *at, const char *path)
{
	char name[64];
	int used;
	unsigned i;

	if (strcmp(path, ".") == 0)
		return at;
	for (; at && *path; path += used) {
		used = 0;
		if (sscanf(path, ".%63[a-z_A-Z0-9]%n", name, &used) == 1 && used > 0) {
			if (!json_is_object(at) && !json_is_null(at))
				return NULL;
			at = json_is_object(at) ? json_object_get(at, name) : at;
		} else if (sscanf(path + (*path == '.'), "[%u]%n", &i, &used) == 1 && used > 0) {
			used += *path == '.';
			if (!json_is_array(at) && !json_is_null(at))
				return NULL;
			at = json_is_array(at) ? json_array_get(at, i) : at;
		} else {
			return NULL;
		}
		at = at ? at : json_null();
	}
	return at;
}

/* One line of the answer; false when it is for the real jq to write. */
static bool answer(const struct ask *a, const json_t *v, FILE *out)
{
	if (json_is_string(v)) {
		const char *s = json_string_value(v);

		for (const char *c = s; !a->raw && *c; c++)
			if (*c < ' ' || *c == '"' || *c == '\\' || *c == 0x7f)
				return false;
		return fprintf(out, a->raw ? "%s\n" : "\"%s\"\n", s) > 0;
	}
	if (json_is_integer(v)) {
		json_int_t n = json_integer_value(v);

		return n < EXACT && n > -EXACT && fprintf(out, "%" JSON_INTEGER_FORMAT "\n", n) > 0;
	}
	if (json_is_boolean(v) || json_is_null(v))
		return fputs(json_is_true(v)     ? "true\n"
			       : json_is_null(v) ? "null\n"
						 : "false\n",
			       out) >= 0;
	return false;
}

/* Every value of the input; the exit code, or -1 when something in it is not for us. */
static int answers(const struct ask *a, FILE *out)
{
	int code = a->judge ? 4 : 0;
	size_t at = 0;
	json_error_t e;

	for (;;) {
		json_t *value, *v;
		bool done;

		at += strspn(a->text + at, " \t\r\n");
		if (at >= a->len)
			return code;
		value = json_loadb(
			a->text + at, a->len - at, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &e);
		v = value ? follow(value, a->path) : NULL;
		done = v && answer(a, v, out);
		if (a->judge && done)
			code = json_is_null(v) || json_is_false(v);
		json_decref(value);
		if (!done || e.position <= 0)
			return -1;
		at += (size_t)e.position;
	}
}

int main(int argc, char **argv)
{
	struct ask a = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	int code;

	if (argc < 2 || !understand(&a, argv) || !read_all(&a))
		return leave(&a, argv);
	a.text = realloc(a.text, a.len + 1);
	out = open_memstream(&text, &len);
	if (!a.text || !out)
		return 2;
	a.text[a.len] = '\0';
	code = a.len > 0 && strlen(a.text) == a.len ? answers(&a, out) : -1;
	fclose(out);
	if (code < 0)
		return leave(&a, argv);
	return fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0 ? code : 2;
}

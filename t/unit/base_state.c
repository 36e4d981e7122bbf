/* base_state.c - state files: where they are, how they are replaced, who waits for whom */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lib/base/state.h"
#include "t/unit/base_run.h"
#include "t/unit/tap.h"

static char dir[] = "/tmp/lr-state-XXXXXX";

static char *at(const char *name)
{
	static char path[4][200];
	static unsigned n;
	char *p = path[n++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void folders(void)
{
	struct lr_err err = {0};
	char out[PATH_MAX], tiny[8];

	setenv("LR_STATE_DIR", "/x/y", 1);
	setenv("LR_RUN_DIR", "/r", 1);
	is_int(lr_state_dir(out, sizeof(out), &err), 0, "the state's folder");
	is_str(out, "/x/y", "LR_STATE_DIR moves it");
	is_int(lr_run_dir(out, sizeof(out), &err), 0, "the run folder");
	is_str(out, "/r", "LR_RUN_DIR moves it");
	setenv("LR_STATE_DIR", "", 1);
	unsetenv("LR_RUN_DIR");
	lr_run_dir(out, sizeof(out), &err);
	is_str(out, "/run/lanrage", "else /run/lanrage");
	is_int(lr_run_dir(tiny, sizeof(tiny), &err), -1, "a path that does not fit is an error");
	if (geteuid() == 0) {
		setenv("XDG_STATE_HOME", "/xdg", 1);
		lr_state_dir(out, sizeof(out), &err);
		is_str(out, "/var/lib/lanrage", "root's state, whatever XDG_STATE_HOME is");
	}
}

static int as_user(void *arg)
{
	const char *const *env = arg; /* XDG_STATE_HOME, HOME */
	char out[PATH_MAX];
	struct lr_err err = {0};

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return 99;
	clearenv();
	if (env[0])
		setenv("XDG_STATE_HOME", env[0], 1);
	if (env[1])
		setenv("HOME", env[1], 1);
	int result = lr_state_dir(out, sizeof(out), &err);
	printf("%s", result == 0 ? out : err.text);
	fflush(stdout);
	return result < 0;
}

static void users_folder(void)
{
	static const struct {
		const char *env[2];
		const char *want;
	} cases[] = {
		{{"/xdg", "/home/u"}, "/xdg/lanrage"},
		{{"not/absolute", "/home/u"}, "/home/u/.local/state/lanrage"},
		{{"", "/home/u"}, "/home/u/.local/state/lanrage"},
		{{NULL, "/home/u"}, "/home/u/.local/state/lanrage"},
		{{NULL, NULL}, "no folder for state: neither HOME nor LR_STATE_DIR is set"},
	};
	struct run r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		run_fn(&r, as_user, (void *)(size_t)cases[i].env, "", 0, -1);
		is_str(r.out, cases[i].want, "a user's state");
	}
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void make_dirs(void)
{
	struct lr_err err = {0};
	char deep[PATH_MAX + 10];

	is_int(lr_make_dirs(at("a/b/c"), 0700, &err), 0, "folders are made");
	is_int(mode_of(at("a/b")), 0700, "with the mode asked for");
	is_int(lr_make_dirs(at("a//b/c/"), 0755, &err), 0, "again, spelled otherwise");
	is_int(mode_of(at("a/b")), 0700, "what is there stays as it is");
	is_int(lr_make_dirs("/", 0755, &err), 0, "the root is there");
	lr_replace_file(at("plain"), "", 0, 0600, &err);
	is_int(lr_make_dirs(at("plain/x"), 0700, &err), -1, "a file in the way");
	char want[300];
	snprintf(want, sizeof(want), "%s: Not a directory", at("plain"));
	is_str(err.text, want, "is told by name");
	is_int(symlink("a", at("link")), 0, "a link");
	is_int(lr_make_dirs(at("link/z"), 0700, &err), 0, "links to folders are followed");
	memset(deep, 'd', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	is_int(lr_make_dirs(deep, 0700, &err), -1, "a path that is too long");
}

static bool holds(const char *path, const char *want)
{
	size_t len = 0;
	char *got = lr_read_file(path, 1000, &len, NULL);
	bool same = got && len == strlen(want) && strcmp(got, want) == 0;

	free(got);
	return same;
}

static void replace(void)
{
	struct lr_err err = {0};
	mode_t was = umask(0);

	is_int(lr_replace_file(at("f"), "one", 3, 0600, &err), 0, "a new file");
	ok(holds(at("f"), "one"), "holds it");
	is_int(mode_of(at("f")), 0600, "mode 0600 under umask 0");
	umask(0777);
	is_int(lr_replace_file(at("f"), "two!", 4, 0644, &err), 0, "is replaced");
	is_int(mode_of(at("f")), 0644, "mode 0644 under umask 0777");
	umask(was);
	ok(holds(at("f"), "two!"), "holds the new bytes");
	ok(access(at("f.new"), F_OK) != 0, "nothing is left beside it");
	int fd = open(at("f.new"), O_CREAT | O_WRONLY, 0666);
	ok(fd >= 0 && write(fd, "torn", 4) == 4, "a dead writer's half");
	close(fd);
	is_int(lr_replace_file(at("f"), "three", 5, 0600, &err), 0, "does not stop the next");
	ok(holds(at("f"), "three") && mode_of(at("f")) == 0600, "nor shows in its file");
	is_int(symlink("target", at("f.new")), 0, "a link in the place of the new file");
	is_int(lr_replace_file(at("f"), "four", 4, 0600, &err), 0, "is replaced");
	ok(access(at("target"), F_OK) != 0 && holds(at("f"), "four"), "and not followed");
	is_int(lr_replace_file(at("none/f"), "x", 1, 0600, &err), -1, "no folder");
	ok(strstr(err.text, "none/f: No such file or directory") != NULL, "is told");
	mkdir(at("folder"), 0700);
	is_int(lr_replace_file(at("folder"), "x", 1, 0600, &err), -1, "a folder is not replaced");
	ok(access(at("folder.new"), F_OK) != 0, "and nothing is left");
	ok(lr_replace_file(at("empty"), "", 0, 0600, &err) == 0 && holds(at("empty"), ""), "empty");
	is_int(chdir(dir), 0, "in the folder");
	is_int(lr_replace_file("relative", "r", 1, 0600, &err), 0, "a name without a folder");
	ok(holds(at("relative"), "r"), "lies in this folder");
}

static void create(void)
{
	struct lr_err err = {0};

	is_int(lr_create_file(at("key"), "first", 5, 0600, &err), 0, "is made");
	is_int(mode_of(at("key")), 0600, "with its mode");
	is_int(lr_create_file(at("key"), "second", 6, 0600, &err), 1, "once");
	ok(holds(at("key"), "first"), "the first stays");
	is_int(symlink("nowhere", at("dangling")), 0, "a link to nothing");
	is_int(lr_create_file(at("dangling"), "x", 1, 0600, &err), 1, "is something");
	ok(access(at("nowhere"), F_OK) != 0, "and not written through");
	ok(access(at("key.new"), F_OK) != 0, "nothing is left beside it");
	is_int(lr_create_file(at("none/key"), "x", 1, 0600, &err), -1, "no folder");
}

static void reading(void)
{
	struct lr_err err = {0};
	char want[300], big[200001];
	size_t len = 7;
	int fd[2];

	errno = 0;
	ok(!lr_read_file(at("absent"), 10, &len, &err) && errno == ENOENT, "ENOENT is kept");
	snprintf(want, sizeof(want), "%s: No such file or directory", at("absent"));
	is_str(err.text, want, "and told");
	is_int(len, 0, "no bytes");
	lr_replace_file(at("ten"), "0123456789", 10, 0600, &err);
	char *got = lr_read_file(at("ten"), 10, &len, &err);
	ok(got && len == 10 && got[10] == '\0', "as many as may be");
	free(got);
	ok(!lr_read_file(at("ten"), 9, &len, &err) && errno == EFBIG, "one more is refused");
	snprintf(want, sizeof(want), "%s: larger than 9 bytes", at("ten"));
	is_str(err.text, want, "with the limit");
	ok(!lr_read_file(dir, 100, &len, &err) && errno == EISDIR, "a folder is no file");
	memset(big, 'b', sizeof(big));
	lr_replace_file(at("big"), big, sizeof(big), 0600, &err);
	got = lr_read_file(at("big"), 1u << 20, &len, &err);
	ok(got && len == sizeof(big) && memcmp(got, big, len) == 0, "a large one is whole");
	free(got);
	ok(pipe(fd) == 0 && write(fd[1], "a\0b", 3) == 3 && close(fd[1]) == 0, "a pipe");
	snprintf(want, sizeof(want), "/dev/fd/%d", fd[0]);
	got = lr_read_file(want, 100, &len, &err);
	ok(got && len == 3 && memcmp(got, "a\0b", 4) == 0, "is read to its end");
	free(got);
	close(fd[0]);
}

static int hold_lock(void *arg)
{
	const int *fds = arg;
	int fd = lr_lock_file(at("f"), NULL);
	char byte = fd >= 0 ? 'y' : 'n';

	if (write(fds[1], &byte, 1) != 1)
		return 1;
	for (;;)
		pause();
}

static void locking(void)
{
	struct lr_err err = {0};
	int fds[2], fd;
	char byte = 0;
	struct stat st;

	fd = lr_lock_file(at("f"), &err);
	ok(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC), "a lock, closed by exec");
	ok(fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0600, "nobody else can hold it");
	int other = open(at("f.lock"), O_RDWR | O_CLOEXEC);
	ok(flock(other, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK, "it excludes");
	close(fd);
	ok(flock(other, LOCK_EX | LOCK_NB) == 0, "closing gives it back");
	close(other);

	ok(pipe(fds) == 0, "a pipe");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		_exit(hold_lock(fds));
	ok(read(fds[0], &byte, 1) == 1 && byte == 'y', "another process holds it");
	other = open(at("f.lock"), O_RDWR | O_CLOEXEC);
	ok(flock(other, LOCK_EX | LOCK_NB) < 0, "we would wait");
	close(other);
	kill(pid, SIGKILL);
	fd = lr_lock_file(at("f"), &err); /* waits until the kernel has ended it */
	ok(fd >= 0, "a killed holder holds nothing");
	waitpid(pid, NULL, 0);
	close(fd);
	close(fds[0]);
	close(fds[1]);
	is_int(symlink("f", at("evil.lock")), 0, "a link in the place of the lock");
	is_int(lr_lock_file(at("evil"), &err), -1, "is not followed");
	is_int(lr_lock_file(at("none/f"), &err), -1, "no folder");
}

/* A reader of a file that is replaced all the time sees whole versions only. */
static int replace_for_ever(void *unused)
{
	char bytes[5000];

	(void)unused;
	for (unsigned n = 0;; n++) {
		memset(bytes, 'a' + (int)(n % 26), sizeof(bytes));
		if (lr_replace_file(at("busy"), bytes, sizeof(bytes), 0600, NULL) < 0)
			return 1;
	}
}

static bool whole(const char *bytes, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (bytes[i] != bytes[0])
			return false;
	return len == 5000;
}

static void killed_writers(void)
{
	char first[5000];
	int bad = 0;
	char last = 'z';

	memset(first, 'z', sizeof(first));
	lr_replace_file(at("busy"), first, sizeof(first), 0600, NULL);
	fflush(stdout);
	for (int round = 0; round < 30; round++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(replace_for_ever(NULL));
		/* Until it has written some: then it is killed wherever it is. */
		for (int seen = 0; seen < 2 + round % 3 && !bad;) {
			size_t len = 0;
			char *got = lr_read_file(at("busy"), 10000, &len, NULL);
			bad += !got || !whole(got, len);
			seen += got && *got != last;
			last = got ? *got : 0;
			free(got);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	is_int(bad, 0, "30 writers killed while they wrote: never a torn file");
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	alarm(120); /* a lock that is not given back is a failure, not a wait */
	folders();
	users_folder();
	make_dirs();
	replace();
	create();
	reading();
	locking();
	killed_writers();
	run_remove(dir);
	return tap_done();
}

# tap.awk - one file's TAP becomes one line, and its failures in full
# Variables: file, code (its exit code), time, cpu, ci, skips (name of the list of expected skips), sums (appended to).

function like(text, glob,    re) {
	re = glob
	gsub(/[][\\.^$+?(){}|]/, "\\\\&", re)
	gsub(/\*/, ".*", re)
	return text ~ "^" re "$"
}

function expected(test, why,    i) {
	for (i = 1; i <= nskips; i++)
		if (like(test, pattern[i]) && like(why, reason[i]))
			return 1
	return 0
}

function fail(text) {
	failed++
	shown = shown "  " text "\n"
	talk = 1
}

function skip(test, why) {
	if (ci != "" && !expected(test, why)) {
		fail("skipped, and not listed in t/skips: " test ": " why)
		return
	}
	skipped++
	shown = shown "  skipped: " test ": " why "\n"
}

BEGIN {
	while ((getline line < skips) > 0)
		if (line !~ /^#/ && split(line, part, "\t") == 2) {
			pattern[++nskips] = part[1]
			reason[nskips] = part[2]
		}
}

/^1\.\.[0-9]+/ {
	planned = substr($1, 4) + 0
	have_plan = 1
	if (planned == 0 && match(tolower($0), /# *skip/))
		skip(file, substr($0, RSTART + RLENGTH + 1))
	else if (planned == 0)
		fail("no test in it")
	next
}

/^(not )?ok / {
	seen++
	talk = 0
	bad = sub(/^not /, "")
	test = $0
	sub(/^ok [0-9]* *(- )?/, "", test)
	if (match(tolower(test), / # skip/)) {
		why = substr(test, RSTART + RLENGTH + 1)
		skip(substr(test, 1, RSTART - 1), why)
	} else if (bad)
		fail("not ok: " test)
	else
		passed++
	next
}

# What follows a failure explains it; what is no TAP is kept in case the file ends badly.
{
	if (talk)
		shown = shown "    " $0 "\n"
	else
		stray = stray "    " $0 "\n"
}

END {
	if (!have_plan)
		fail("ended without a plan, exit " code)
	else if (seen != planned)
		fail("planned " planned " tests, ran " seen + 0 ", exit " code)
	else if (code != 0 && !failed)
		fail("exit " code)
	else
		stray = ""
	printf "%-4s %-44s %4d passed%s%s  %s s, processor %s s\n", failed ? "FAIL" : "ok", file, passed,
		failed ? ", " failed " failed" : "", skipped ? ", " skipped " skipped" : "", time, cpu
	printf "%s%s", shown, stray
	print passed + 0, failed + 0, skipped + 0 >> sums
}

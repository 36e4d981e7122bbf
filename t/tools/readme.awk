# readme.awk - the examples of a Markdown file, each into files of its own: DIR/N.sh and, where a
# ```text block follows it, DIR/N.want. The comment line before a fence, <!-- on: a -->, says where it runs;
# "<!-- shown: why -->" that it does not. Prints "N WHERE" for each.
# Variable: dir.

/^<!-- (on|shown): / {
	where = $2 == "on:" ? $3 : "shown"
	next
}

/^```sh/ {
	n++
	into = dir "/" n ".sh"
	print n, where == "" ? "here" : where
	where = ""
	next
}

/^```text/ && follows {
	into = dir "/" n ".want"
	printf "" > into
	next
}

/^```/ {
	follows = into ~ /\.sh$/
	if (into)
		close(into)
	into = ""
	next
}

into { print > into; next }

NF { follows = 0 }

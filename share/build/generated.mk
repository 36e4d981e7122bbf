# What is compiled in from share/: each generated header, and how it is made.
GENERATED :=

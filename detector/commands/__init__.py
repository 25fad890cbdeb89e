"""The commands of the command line: each module has its options, Args, and what they ask for, main."""

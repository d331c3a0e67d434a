# SPDX-License-Identifier: GPL-2.0-or-later
# Completion for bash: commands and options as the program itself lists them.

# Names of packages and collections, also of a tree that was there before Kiln.
_kiln_packages() {
	ls specs specs/* 2>/dev/null | sed '/:$/d; /\.spec$/d'
	ls SPECS specs . 2>/dev/null | sed -n 's/\.spec$//p'
	[ -d specs ] || ls -d */*.spec */SPECS/*.spec 2>/dev/null | sed '/^SPECS\//d; s|/.*||'
}

_kiln() {
	local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} second=${COMP_WORDS[2]:-}
	local commands
	commands=$(kiln help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]\+\( [a-z]\+\)\?\) .*/\1/p')
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$commands") help" -- "$current")
		return
	fi
	case $command in base | key | target) command="$command $second" ;; esac
	if [ "$COMP_CWORD" -eq 2 ] && [[ $command == *' '* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^${command%% *} //p" <<<"$commands")" -- "$current")
	elif [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(kiln $command --help 2>/dev/null | grep -o -- '--[a-z-]*')" -- "$current")
	elif [[ $command == target\ * ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(ls repo-config/targets 2>/dev/null)" -- "$current")
	else
		mapfile -t COMPREPLY < <(
			compgen -W "$(_kiln_packages)" -- "$current"
			[ "$command" != build ] || compgen -f -X '!*.src.rpm' -- "$current"
		)
	fi
}
complete -F _kiln kiln

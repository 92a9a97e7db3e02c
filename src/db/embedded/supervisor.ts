/**
 * Runs the server, `"$@"`, until standard input ends: that is when its owner stops it, or is gone, in whatever way. Then a
 * fast shutdown, and where that hangs, an immediate one, from which the next start recovers.
 */
export const SUPERVISOR = `
exec 3<&0
trap '' INT TERM HUP
"$@" 3<&- &
server=$!
(
  while read -r _ <&3; do :; done
  left=10
  while [ $left -gt 0 ]; do
    kill -INT $server # again: one that has just begun does not listen yet
    sleep 1
    left=$((left - 1))
  done
  kill -QUIT $server
) >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait $server
code=$?
kill -KILL $watch
exit $code
`

/**
 * Ends a server that outlived its owner: `$1` is its pid, `$2` its folder. Exits with 0 when it is gone, with 3 when that
 * pid is another program's by now, and with 4 when it does not end.
 */
export const END_SERVER = `
is_server() {
  if [ -d /proc/self ]; then [ "/proc/$1/cwd" -ef "$2" ]; else ps -p "$1" -o comm= 2>/dev/null | grep -q postgres; fi
}
kill -0 "$1" 2>/dev/null || exit 0
is_server "$1" "$2" || exit 3
kill -INT "$1"
left=400
while is_server "$1" "$2"; do
  [ $left -eq 200 ] && kill -QUIT "$1"
  [ $left -eq 0 ] && exit 4
  left=$((left - 1))
  sleep 0.05
done
exit 0
`

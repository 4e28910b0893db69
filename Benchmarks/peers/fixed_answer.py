"""The 120 bytes that every server of the fixed answer sends."""

ANSWER = b'{"predictions":[0.64328217],"probabilities":[{"0":0.35671783,"1":0.64328217}]}'.ljust(119) + b"\n"

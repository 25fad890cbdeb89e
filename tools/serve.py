"""Serves a page to read pictures on, and an API for other programs, on this machine alone unless told otherwise.

    python tools/serve.py                                        # then open the address that it says
    python tools/serve.py --port 0 --threads 2 --max-upload 50   # on any port that is free
    python tools/serve.py --host 0.0.0.0                         # for everybody in the network
    curl -F picture=@examples/page.jpg http://127.0.0.1:8000/api/read

The API is described at /docs. Ctrl-C ends it when what has been asked is answered.
"""

from detector.commands import serve
from detector.commands.entry import run

if __name__ == "__main__":
    run(serve.main, serve.Args, __doc__, interrupted=serve.INTERRUPTED)

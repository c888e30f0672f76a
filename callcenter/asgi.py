"""HTTP and WebSocket entry point."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
# Each request runs in a thread that ends with it: a connection kept by that thread would be left open, and be of no use.
if not settings.configured:  # where they stand already this would reach only the children of that process
    os.environ.setdefault("DATABASE_POOL", "20")
django_application = get_asgi_application()

# After Django is set up, for the consumers import models.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402
from django.urls import path  # noqa: E402

from callcenter import heap  # noqa: E402
from callcenter.core.websocket import NoSuchSocket  # noqa: E402
from queues.board.consumer import BoardConsumer  # noqa: E402
from queues.panel.consumer import PanelConsumer  # noqa: E402

sockets = URLRouter(
    [
        path("ws/panel/", PanelConsumer.as_asgi()),
        path("ws/board/", BoardConsumer.as_asgi()),
        path("<path:path>", NoSuchSocket.as_asgi()),
    ]
)

# Consumers read the user themselves, where a database that is away has its answer.
# The origin check is to sockets what the CSRF token is to forms: a foreign page cannot use our cookie.
application = ProtocolTypeRouter({"http": django_application, "websocket": AllowedHostsOriginValidator(SessionMiddlewareStack(sockets))})
heap.settle()

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from ivr.demo_service import customer
from queues.board.views import board
from queues.panel.views import panel
from queues.voicemail.views import message_audio, message_page

from .health import healthz
from .pages import LogIn, home

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("login/", LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("panel/", panel, name="panel"),
    path("messages/<int:message_id>/", message_page, name="message-page"),
    path("messages/<int:message_id>/audio", message_audio, name="message-audio"),
    path("board/", board, name="board"),
    path("favicon.ico", RedirectView.as_view(url=static("design/mark.svg"))),
    path("healthz", healthz, name="healthz"),
    path("admin/", admin.site.urls),
]
if settings.DEMO:
    urlpatterns.append(path("demo/customers/<str:number>/", customer))

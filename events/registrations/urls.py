from django.urls import path, re_path

from events.registrations.views import camera, lost, own, register

app_name = "registrations"
urlpatterns = [
    path("d/<slug:slug>/register/", register.register, name="register"),
    path("r/<str:token>/", own.show, name="own"),
    path("r/<str:token>/confirm/", own.confirm, name="confirm"),
    path("r/<str:token>/move/", own.move, name="move"),
    path("r/<str:token>/cancel/", own.cancel, name="cancel"),
    path("r/<str:token>/details/", own.details, name="details"),
    path("r/<str:token>/ticket.ics", own.calendar_file, name="calendar"),
    path("r/<str:token>/ticket.png", own.picture, name="picture"),
    path("lost/", lost.lost, name="lost"),
    path("privacy/", lost.privacy, name="privacy"),
    # Upper case in the code; some scanners make all of an address lower case.
    re_path(r"^[Tt]/(?P<payload>[^/]{1,1000})/?$", camera.seen_ticket, name="seen-ticket"),
]

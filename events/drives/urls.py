from django.urls import path

from events.drives.views import public

app_name = "drives"
urlpatterns = [
    path("", public.home, name="home"),
    path("d/<slug:slug>/", public.drive_detail, name="drive"),
]

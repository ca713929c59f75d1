"""Organizers' addresses for planning a drive, under ``/manage/``."""

from django.urls import path

from events.drives.views import manage as views

urlpatterns = [
    path("drives/new/", views.DriveCreatePage.as_view(), name="drive_create"),
    path("drives/<slug:slug>/copy/", views.DriveCopyPage.as_view(), name="drive_copy"),
    path("drives/<slug:slug>/preview/", views.DrivePreviewPage.as_view(), name="drive_preview"),
    path("drives/<slug:slug>/publish/", views.PublishDrive.as_view(), name="drive_publish"),
    path("drives/<slug:slug>/pause/", views.PauseDrive.as_view(), name="drive_pause"),
    path("drives/<slug:slug>/resume/", views.ResumeDrive.as_view(), name="drive_resume"),
    path("drives/<slug:slug>/poster.pdf", views.DrivePoster.as_view(), name="drive_poster"),
    path("drives/<slug:slug>/share/", views.DriveSharePage.as_view(), name="drive_share"),
]

from django.urls import path

from events.drives.api import views

urlpatterns = [
    path("drives/", views.DrivesView.as_view(), name="api_drives"),
    path("drives/<slug:slug>/", views.DriveView.as_view(), name="api_drive"),
    path("manage/drives/", views.ManageDrivesView.as_view(), name="api_manage_drives"),
    path(
        "manage/drives/<slug:slug>/publish/",
        views.PublishView.as_view(),
        name="api_manage_drive_publish",
    ),
    path("manage/drives/<slug:slug>/copy/", views.CopyView.as_view(), name="api_manage_drive_copy"),
]

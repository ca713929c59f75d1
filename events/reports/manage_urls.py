"""Organizers' addresses for what came of a drive, under ``/manage/``."""

from django.urls import path

from events.reports.views import manage as views

urlpatterns = [
    path("", views.DriveListPage.as_view(), name="manage"),
    path("drives/<slug:slug>/", views.OverviewPage.as_view(), name="drive_overview"),
    path("drives/<slug:slug>/news/", views.OverviewNews.as_view(), name="drive_news"),
    path("drives/<slug:slug>/messages/", views.MessageListPage.as_view(), name="drive_messages"),
    path(
        "drives/<slug:slug>/messages/retry/", views.RetryMessages.as_view(), name="messages_retry"
    ),
    path(
        "drives/<slug:slug>/exports/<slug:list>.<slug:ending>",
        views.ExportPage.as_view(),
        name="drive_export",
    ),
]

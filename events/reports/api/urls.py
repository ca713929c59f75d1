from django.urls import path

from events.reports.api import views

urlpatterns = [
    path(
        "manage/drives/<slug:slug>/figures/",
        views.FiguresView.as_view(),
        name="api_manage_figures",
    ),
    path(
        "manage/drives/<slug:slug>/exports/<slug:list>.<slug:ending>",
        views.ExportView.as_view(),
        name="api_manage_export",
    ),
]

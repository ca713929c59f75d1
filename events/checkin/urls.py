from django.urls import URLPattern, path

from events.checkin.views import scan

urlpatterns: list[URLPattern] = [
    path("scan/", scan.ScanView.as_view(), name="scan"),
    path("scan/enroll/", scan.ScanView.as_view(), name="scan_enroll"),
    path("scan/sw.js", scan.ServiceWorkerView.as_view(), name="scan_service"),
]

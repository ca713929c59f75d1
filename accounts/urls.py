"""Signing in, the own account, units and their people. Sign-up has no address."""

from allauth.account import views as allauth_views
from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", allauth_views.login, name="account_login"),
    path("logout/", allauth_views.logout, name="account_logout"),
    path("join/<str:token>/", views.JoinPage.as_view(), name="join"),
    path("account/", views.AccountPage.as_view(), name="account"),
    path("account/tokens/", views.ApiTokenListPage.as_view(), name="api_tokens"),
    path(
        "account/tokens/<int:pk>/revoke/", views.RevokeApiToken.as_view(), name="revoke_api_token"
    ),
    path("account/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("account/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("account/password/", allauth_views.password_change, name="account_change_password"),
    path("account/password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path(
        "account/password/reset/sent/",
        allauth_views.password_reset_done,
        name="account_reset_password_done",
    ),
    path(
        "account/password/reset/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^account/password/reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth_views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/sessions/", include("allauth.usersessions.urls")),
    path("manage/units/", views.UnitListPage.as_view(), name="units"),
    path("manage/units/<slug:slug>/", views.UnitPage.as_view(), name="unit"),
    path("manage/units/<slug:slug>/add/", views.AddUnit.as_view(), name="add_unit"),
    path("manage/units/<slug:slug>/rename/", views.RenameUnit.as_view(), name="rename_unit"),
    path("manage/units/<slug:slug>/close/", views.CloseUnit.as_view(), name="close_unit"),
    path("manage/units/<slug:slug>/reopen/", views.ReopenUnit.as_view(), name="reopen_unit"),
    path("manage/units/<slug:slug>/invite/", views.InvitePage.as_view(), name="invite"),
    path(
        "manage/units/<slug:slug>/invitations/<int:pk>/withdraw/",
        views.WithdrawInvitation.as_view(),
        name="withdraw_invitation",
    ),
    path(
        "manage/units/<slug:slug>/roles/<int:pk>/remove/",
        views.RemoveRole.as_view(),
        name="remove_role",
    ),
    path("manage/audit/", views.AuditPage.as_view(), name="audit"),
]

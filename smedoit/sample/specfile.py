# SPDX-License-Identifier: GPL-3.0-or-later
"""The practice spec file of smeserver-release, as it stood before this release: doit bump has something to do."""

from __future__ import annotations

SPEC = """\
%define name smeserver-release
%define version 10.0
%define release 1
%define displayversion %{version}

Summary: The version of the practice server
Name: %{name}
Version: %{version}
Release: %{release}%{?dist}
License: GPL
Group: System Environment/Base
Source: %{name}-%{version}.tar.xz
BuildArch: noarch

%description
Says which version of SME Server this is.

%changelog
* Thu Oct 01 2026 Practice Hand <practice@example.invalid> 10.0-1.sme
- SME Server 10.0 [SME: 10000]

* Mon Jun 01 2026 Practice Hand <practice@example.invalid> 10.0-0.rc1.sme
- SME Server 10.0 RC1 [SME: 9999]
"""

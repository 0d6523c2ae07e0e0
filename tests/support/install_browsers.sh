#!/bin/sh
# Installs the two browsers of the end-to-end tests with apt-get, where there is one and it may be used.
set -eu
packages="chromium firefox-esr"
desktop="xvfb dbus dunst"
line="apt-get install -y --no-install-recommends $packages $desktop"
missing=""
for program in chromium firefox-esr Xvfb dbus-daemon dunst; do
  command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
if [ -z "$missing" ]; then
  echo "Chromium, Firefox ESR and the virtual desktop are here."
  exit 0
fi
echo "$line"
if ! command -v apt-get >/dev/null 2>&1; then
  echo "There is no apt-get here. Install by hand:$missing. The tests that need them skip until then."
  exit 0
fi
sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 || { echo "Only the administrator can install them. Run the line above as root."; exit 0; }
  sudo="sudo"
fi
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo $line -qq

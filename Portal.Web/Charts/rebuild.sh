#!/bin/sh
# Rebuilds wwwroot/lib from the pinned npm packages. Needs Node 20; run after changing a version or Charts/echarts.js, and commit the result.
set -eu
cd "$(dirname "$0")"
npm install --no-audit --no-fund --no-package-lock
lib=../wwwroot/lib
mkdir -p "$lib/echarts" "$lib/geist"
npx esbuild echarts.js --bundle --minify --format=esm --target=es2020 --legal-comments=none --outfile="$lib/echarts/echarts.min.js"
cp node_modules/echarts/LICENSE node_modules/echarts/NOTICE "$lib/echarts/"
cp node_modules/zrender/LICENSE "$lib/echarts/LICENSE.zrender"
cp node_modules/@fontsource-variable/geist/files/geist-latin-wght-normal.woff2 "$lib/geist/"
cp node_modules/@fontsource-variable/geist/files/geist-latin-ext-wght-normal.woff2 "$lib/geist/"
cp node_modules/@fontsource-variable/geist/LICENSE "$lib/geist/"

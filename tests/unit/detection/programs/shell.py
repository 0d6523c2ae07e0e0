"""Shell scripts of all kinds, as people write them. They are read, never run."""

# ruff: noqa: E501 - programs stand here as people write them, minified ones too

COLLECTING = {
    "numbered pages and addresses out of them": """#!/bin/bash
for i in $(seq 1 300); do  # all of them
  curl -s "https://site.example/people?page=$i" -o p/$i.html
  grep -oE "[a-z0-9.]+@[a-z.]+" p/$i.html >> emails.txt
done
""",
    "a range in braces": """
for page in {1..250}; do
  wget -q "https://directory.example/members/page/$page" -O "members-$page.html"
done
cat members-*.html | pup 'a.member text{}' > names.txt
""",
    "a list of profiles": """
while read -r user; do
  curl -s -A "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" "https://www.instagram.com/$user/" | grep -o '"followed_by":[0-9]*' >> f.csv
  sleep 2
done < usernames.txt
""",
    "a pipe into a loop": """
cut -d, -f2 companies.csv | while read c; do
  curl -s "https://www.linkedin.com/company/$c/people/" -H "cookie: $COOKIE" | htmlq '.profile' --text >> people.txt
done
""",
    "xargs": """
seq 1 500 | xargs -P 8 -I{} curl -s -o out/{}.html "https://site.example/users?page={}"
cat out/*.html | grep -oP 'mailto:\\K[^"]+' | sort -u > emails.txt
""",
    "parallel": """
parallel -j 10 "curl -s https://alumni.example/profile/{} | pup '.email text{}' >> emails.txt" ::: $(seq 1 2000)
""",
    "curl's own range": """
curl -s "https://site.example/people?page=[1-400]" -o "page_#1.html"
grep -ohE '[A-Za-z0-9._-]+@[A-Za-z0-9.-]+' page_*.html > emails.txt
""",
    "a function called in a loop": """
fetch_profile() {
  local id="$1"
  wget -qO- "https://forum.example/memberlist?start=${id}" | sed -n 's/.*class="username">\\([^<]*\\)<.*/\\1/p'
}
for ((n=0; n<5000; n+=50)); do
  fetch_profile "$n" >> members.txt
done
""",
    "until there is no next page": """
url="https://uni.example/staff"
while [ -n "$url" ]; do
  html=$(curl -s "$url")
  echo "$html" | grep -oE 'mailto:[^"]+' >> staff.txt
  url=$(echo "$html" | pup 'a[rel=next] attr{href}')
done
""",
    "json of a hidden interface": """
offset=0
while true; do
  r=$(curl -s "https://www.dating.example/api/search?limit=100&offset=$offset" -H "User-Agent: Mozilla/5.0 (X11; Linux)")
  [ "$(echo "$r" | jq '.users | length')" -eq 0 ] && break
  echo "$r" | jq -r '.users[] | [.username,.fullName,.email] | @csv' >> users.csv
  offset=$((offset + 100))
done
""",
    "the graph with a token": """
for id in $(cat page_ids.txt); do
  next="https://graph.facebook.com/v18.0/$id/feed?fields=from,message,likes&access_token=$TOKEN"
  while [ "$next" != "null" ]; do
    body=$(curl -s "$next"); echo "$body" >> posts.jsonl
    next=$(echo "$body" | jq -r '.paging.next')
  done
done
""",
    "search results": """
for c in acme globex initech umbrella; do
  for s in 0 10 20 30; do
    curl -s -A "Mozilla/5.0 (Macintosh)" "https://www.google.com/search?q=site:linkedin.com/in+$c+email&start=$s" |
      grep -oE 'https://[a-z]+.linkedin.com/in/[^"&]+' >> leads.txt
    sleep 5
  done
done
""",
    "photos of a gallery": """
for u in $(cat models.txt); do
  curl -s "https://gallery.example/profile/$u" | grep -o 'src="[^"]*jpg"' | cut -d'"' -f2 | while read src; do
    wget -q "$src" -P photos/ --user-agent="Mozilla/5.0 (X11)"
  done
done
""",
    "lynx": """
for p in $(seq 1 80); do lynx -dump -listonly "https://realtors.example/agents?page=$p" | grep -o 'agent/[0-9]*' ; done > a.txt
while read a; do lynx -dump "https://realtors.example/$a" | grep -E -o '[0-9]{3}-[0-9]{3}-[0-9]{4}' >> phones.txt; done < a.txt
""",
    "python in a here-document": """
pip install requests beautifulsoup4
python3 - <<'EOF'
import csv, requests
from bs4 import BeautifulSoup
rows = []
for page in range(1, 60):
    soup = BeautifulSoup(requests.get("https://site.example/people", params={"page": page}).text, "html.parser")
    for li in soup.select("li.person"):
        rows.append([li.a.text, li.select_one(".email").text])
csv.writer(open("out.csv", "w")).writerows(rows)
EOF
""",
    "python with -c": """
cd /tmp
python3 -c '
import requests, re
for i in range(1, 80):
    t = requests.get("https://site.example/people?page=%d" % i).text
    open("o.txt", "a").write("\\\\n".join(re.findall(r"[\\\\w.]+@[\\\\w.]+", t)))
'
""",
    "node in a here-document": """
node <<'JS'
const fs = require('fs');
(async () => { for (let i = 1; i < 300; i++) {
  const t = await (await fetch('https://site.example/profiles?page=' + i)).text();
  for (const m of t.matchAll(/class="email">([^<]+@[^<]+)</g)) fs.appendFileSync('e.txt', m[1]); } })();
JS
""",
    "a written script that is run": """
cat > s.py <<'PY'
import httpx, json
from selectolax.parser import HTMLParser
for n in range(2000):
    t = HTMLParser(httpx.get(f"https://site.example/u?id={n}").text)
    print(json.dumps({"name": t.css_first(".full-name").text(), "email": t.css_first(".email").text()}), file=open("u", "a"))
PY
python3 s.py
""",
    "in the background through a proxy": """
for id in $(seq 100000 120000); do
  torsocks curl -s "https://social.example/profile.php?id=$id" -A "Mozilla/5.0 (X11; Linux)" -o "profiles/$id.html" &
  [ $((id % 20)) -eq 0 ] && wait
done
""",
    "an array": """
tags=($(cat tags.txt))
for t in "${tags[@]}"; do
  curl -s "https://www.tiktok.com/tag/$t" | grep -oE '"uniqueId":"[^"]+"' | cut -d'"' -f4 >> creators.txt
done
""",
    "links of an index": """
for link in $(curl -s https://chamber.example/members | grep -oE 'href="/member/[^"]+"' | cut -d'"' -f2); do
  curl -s "https://chamber.example$link" | grep -oE '[[:alnum:]._]+@[[:alnum:].]+' >> contacts.txt
done
""",
    "wget over a list with parsing": """
wget -q -i profile_urls.txt -P dump/
grep -rhoE 'mailto:[^"]+' dump/ | sort -u > mails.txt
""",
    "awk on pages": """
i=1
while [ $i -le 120 ]; do
  curl -sL "https://yellow.example/doctors?page=$i" | awk -F'[<>]' '/class="name"/ {print $3}' >> doctors.csv
  i=$((i+1))
done
""",
    "find over saved queries": """
find queries -name '*.txt' | while read f; do
  q=$(cat "$f"); curl -s "https://html.duckduckgo.com/html/?q=$q+email" | grep -oE '[a-z.]+@[a-z.]+' >> found.txt
done
""",
    "sqlite": """
for p in $(seq 1 200); do
  curl -s "https://jobs.example/candidates?page=$p" | xidel -s - -e '//div[@class="candidate"]/text()' |
    while read n; do sqlite3 c.db "INSERT INTO candidates VALUES('$n')"; done
done
""",
    "ranges of cities and pages": """
for city in $(cat cities.txt); do
  for ((p=1; p<=30; p++)); do
    curl -s "https://$city.classifieds.example/search?page=$p" | hxselect -c '.seller-phone' >> sellers.txt
  done
done
""",
}

KNOWN_PROGRAM_IN_LOOP = {
    "for every line": ('while read u; do yt-dlp "$u"; done < channels.txt', "yt-dlp"),
    "for every company": ('for c in acme globex; do ddgs text -q "site:linkedin.com $c" -o $c.csv; done', "ddgs"),
    "xargs": ("cat users.txt | xargs -n1 instaloader", "instaloader"),
    "parallel": ("parallel -j4 gallery-dl {} :::: urls.txt", "gallery-dl"),
    "with a path and a wrapper": ("for u in $(cat u); do timeout 60 ~/.venv/bin/twscrape user $u; done", "twscrape"),
    "find": ("find lists -name '*.url' -exec youtube-dl -a {} \\;", "youtube-dl"),
    "a function": ('get() { snscrape twitter-user "$1"; }\nfor u in $(cat us); do get $u; done', "snscrape"),
}

ORDINARY = {
    "link check": "for p in about blog; do curl -s -o /dev/null -I https://docs.example/$p; sleep 1; done",
    "link check by status": """
while read u; do
  code=$(curl -s -o /dev/null -w '%{http_code}' "$u"); [ "$code" = 200 ] || echo "$u $code" >> broken.txt
done < sitemap.txt
""",
    "spider": "while read url; do wget --spider -q $url || echo dead $url; done < links.txt",
    "health": "while true; do curl -fs https://service.example/health || echo down; sleep 5; done",
    "wait for a server": "until curl -s http://localhost:8080/ready; do sleep 1; done\nnpm test",
    "wait with attempts": """
for attempt in $(seq 1 30); do
  if curl -sf "https://$HOST/status?page=1" > /dev/null; then break; fi
  sleep 2
done
""",
    "build": "for f in *.c; do gcc -c $f; done\ncurl -O https://site.example/people.tgz",
    "installer": """#!/bin/sh
set -e
VERSION=$(curl -s https://api.github.com/repos/acme/tool/releases/latest | grep tag_name | cut -d'"' -f4)
curl -fsSL "https://github.com/acme/tool/releases/download/$VERSION/tool.tar.gz" | tar xz
install tool /usr/local/bin
""",
    "several tools": """
for t in kubectl helm terraform; do
  curl -fsSLo /usr/local/bin/$t "https://dl.example/$t/latest/linux/amd64/$t"; chmod +x /usr/local/bin/$t
done
""",
    "packages": "apt-get update && for p in git curl jq; do apt-get install -y $p; done",
    "backup": """
for db in users orders profiles; do pg_dump $db | gzip > /backup/$db-$(date +%F).sql.gz; done
rsync -a /backup/ backup.example:/srv/
""",
    "deploy": """
for host in web1 web2 web3; do scp build.tgz $host:/srv && ssh $host 'tar xzf /srv/build.tgz'; done
curl -X POST https://hooks.slack.example/T0/B0 -d '{"text":"deployed"}'
""",
    "notify a team": """
for u in $(cat team.txt); do
  curl -s -X POST -H "Authorization: Bearer $TOKEN" -d "{\\"user\\":\\"$u\\"}" https://chat.example/api/postMessage
done
""",
    "upload": 'for f in dist/*; do curl -T "$f" "https://artifacts.example/repo/$(basename $f)" -u "$USER:$PASS"; done',
    "datasets": """
for y in $(seq 2010 2023); do wget -nc "https://data.climate.example/grids/$y.nc.gz" -P data/; done
""",
    "genomes": """
for acc in $(cat accessions.txt); do
  curl -s -o seq/$acc.fasta.gz "https://ftp.genomes.example/all/$acc/$acc.fasta.gz"
done
""",
    "git mirror": "for r in $(cat repos.txt); do git clone --mirror git@git.example:$r.git; done",
    "docker": "for i in api web worker; do docker build -t $i $i && docker push registry.example/$i; done",
    "kubernetes": "for ns in $(kubectl get ns -o name); do kubectl -n $ns get pods; done",
    "logs": "for f in /var/log/app/*.log; do grep -oE '[a-z.]+@[a-z.]+' $f | sort | uniq -c; done > report.txt",
    "local pages": "for f in export/*.html; do pup '.email text{}' < $f >> mails.txt; done",
    "images": 'find . -name "*.png" -exec optipng {} \\;',
    "rename": 'for f in *.jpeg; do mv "$f" "${f%.jpeg}.jpg"; done',
    "metrics": """
while true; do
  curl -s -X POST --data-binary "load $(cut -d' ' -f1 /proc/loadavg)" http://push.example:9091/metrics/job/x
  sleep 15
done
""",
    "weather": "for c in Bern Basel; do curl -s wttr.in/$c?format=3; done",
    "currency": 'for c in USD GBP; do curl -s "https://rates.example/latest?base=$c" | jq .rates.EUR; done',
    "own interface tested": """
BASE=http://localhost:3000
for id in 1 2 3 4; do curl -s "$BASE/api/users/$id" | jq -e .email > /dev/null || exit 1; done
""",
    "pipelines": """
for p in 1 2 3; do
  curl -s --header "PRIVATE-TOKEN: $TOKEN" "https://gitlab.example.com/api/v4/projects/7/pipelines?page=$p" | jq -r '.[].id'
done
""",
    "pull requests": """
page=1
while :; do
  r=$(curl -s -H "Authorization: token $GITHUB_TOKEN" "https://api.github.com/repos/acme/app/pulls?state=closed&page=$page")
  [ "$(echo "$r" | jq length)" = 0 ] && break
  echo "$r" | jq -r '.[].title' >> CHANGELOG.md; page=$((page+1))
done
""",
    "names": "for d in $(cat domains.txt); do dig +short $d; done",
    "certificates": """
while read h; do echo | openssl s_client -connect $h:443 2>/dev/null | openssl x509 -noout -enddate; done < hosts.txt
""",
    "build machine": """
set -euo pipefail
for v in 3.11 3.12 3.13; do uv run --python $v pytest -q; done
curl -s https://coverage.example/bash | bash
""",
    "translations": """
for l in de fr it; do
  curl -s -H "X-Api-Key: $KEY" "https://translate.vendor.example/api/export?lang=$l" -o locales/$l.json
done
""",
    "feeds": """
for f in https://a.example/rss.xml https://b.example/atom.xml; do curl -s $f | grep -o '<title>[^<]*'; done
""",
    "mail": "while read m; do echo hello | mail -s news $m; done < members.txt",
    "one page": "curl -s https://news.example/ | pup 'h2 text{}'",
    "watch": "watch -n 5 curl -s https://status.example/",
    "completion": '_x() { COMPREPLY=($(compgen -W "$(x --list)" -- "$2")); }\ncomplete -F _x x',
    "python over files": """
for f in *.csv; do python3 - "$f" <<'EOF'
import sys, csv
print(sum(1 for _ in csv.reader(open(sys.argv[1]))))
EOF
done
""",
    "fonts": 'for w in 300 400 700; do wget -q "https://fonts.vendor.example/inter-$w.woff2" -O fonts/inter-$w.woff2; done',
    "package mirror": "wget -q -i packages.txt -P mirror/\nsha256sum -c SHA256SUMS",
}

// GENERATED from agent/content/platforms.yaml by `python -m agent.content.platforms --write`: edit that.
// Data and nothing else: which hosts are watched, how a path becomes a page class. classify.js reads it.

/** @type {readonly import('./classify.js').Platform[]} */
export const PLATFORMS = [
  {
    "key": "facebook",
    "name": "Facebook",
    "optional": false,
    "page_hosts": [
      "www.facebook.com",
      "m.facebook.com",
      "mbasic.facebook.com",
      "web.facebook.com",
      "mobile.facebook.com"
    ],
    "host_pattern": null,
    "match_patterns": [
      "https://www.facebook.com/*",
      "https://m.facebook.com/*",
      "https://mbasic.facebook.com/*",
      "https://web.facebook.com/*",
      "https://mobile.facebook.com/*"
    ],
    "host_rules": {},
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "auth",
        "path": "^/(login|checkpoint|recover|reg|r\\.php)(/|\\.php|$)",
        "needs_param": null
      },
      {
        "page_class": "settings",
        "path": "^/(settings|privacy|help|policies|legal)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "messages",
        "path": "^/messages(/|$)",
        "needs_param": null
      },
      {
        "page_class": "search",
        "path": "^/(search|public|directory)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/groups/[^/]+/(members|people|membership)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/groups/[^/]+/(permalink|posts)/[^/]+$",
        "needs_param": null
      },
      {
        "page_class": "group",
        "path": "^/groups(/|$)",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/(permalink|story)\\.php$",
        "needs_param": "story_fbid"
      },
      {
        "page_class": "post",
        "path": "^/photo\\.php$",
        "needs_param": "fbid"
      },
      {
        "page_class": "post",
        "path": "^/video\\.php$",
        "needs_param": "v"
      },
      {
        "page_class": "media",
        "path": "^/watch$",
        "needs_param": "v"
      },
      {
        "page_class": "media",
        "path": "^/photo$",
        "needs_param": "fbid"
      },
      {
        "page_class": "media",
        "path": "^/(reel|watch|photo|stories|videos?)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/share/(p|v|r)/[^/]+$",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/[^/]+/(posts|videos|photos)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/events/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/[^/]+/(friends|followers|following|friends_all|friends_mutual)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/profile\\.php$",
        "needs_param": "id"
      },
      {
        "page_class": "company_page",
        "path": "^/(pages|pg|p)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "other",
        "path": "^/(marketplace|gaming|business|ads|adsmanager|notifications|bookmarks|games|live|saved|memories|friends|dialog|plugins|sharer|tr|flx|events|api|ajax|hashtag|places)(/|\\.php|$)",
        "needs_param": null
      },
      {
        "page_class": "feed",
        "path": "^/(home\\.php)?$",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/[a-z0-9.]{3,}(/(about|about_[a-z_]+|photos|videos|reels|mentions|map|sports|likes))?$",
        "needs_param": null
      }
    ]
  },
  {
    "key": "instagram",
    "name": "Instagram",
    "optional": false,
    "page_hosts": [
      "www.instagram.com"
    ],
    "host_pattern": null,
    "match_patterns": [
      "https://www.instagram.com/*"
    ],
    "host_rules": {},
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "auth",
        "path": "^/accounts/(login|emailsignup|password|suspended|onetap)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "settings",
        "path": "^/(accounts|your_activity|legal|about|privacy)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "messages",
        "path": "^/direct(/|$)",
        "needs_param": null
      },
      {
        "page_class": "search",
        "path": "^/explore/(tags|search|locations|people)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "feed",
        "path": "^/(explore|reels)?$",
        "needs_param": null
      },
      {
        "page_class": "media",
        "path": "^/stories/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/((?!share/)[^/]+/)?(p|tv|reels?)/[^/]+$",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/[^/]+/(followers|following|tagged_users)$",
        "needs_param": null
      },
      {
        "page_class": "other",
        "path": "^/(api|graphql|developer|web|share|session|emails|push|oauth|directory|challenge)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/[a-z0-9._]{2,30}(/(reels|tagged|saved|channel|feed))?$",
        "needs_param": null
      }
    ]
  },
  {
    "key": "threads",
    "name": "Threads",
    "optional": false,
    "page_hosts": [
      "www.threads.com",
      "www.threads.net"
    ],
    "host_pattern": null,
    "match_patterns": [
      "https://www.threads.com/*",
      "https://www.threads.net/*"
    ],
    "host_rules": {},
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "auth",
        "path": "^/login(/|$)",
        "needs_param": null
      },
      {
        "page_class": "settings",
        "path": "^/settings(/|$)",
        "needs_param": null
      },
      {
        "page_class": "search",
        "path": "^/search(/|$)",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/(@[^/]+/)?(post|t)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/@[^/]+(/(replies|media|reposts))?$",
        "needs_param": null
      },
      {
        "page_class": "feed",
        "path": "^/$",
        "needs_param": null
      }
    ]
  },
  {
    "key": "whatsapp",
    "name": "WhatsApp",
    "optional": false,
    "page_hosts": [
      "web.whatsapp.com",
      "www.whatsapp.com",
      "api.whatsapp.com",
      "chat.whatsapp.com"
    ],
    "host_pattern": null,
    "match_patterns": [
      "https://web.whatsapp.com/*",
      "https://www.whatsapp.com/*",
      "https://api.whatsapp.com/*",
      "https://chat.whatsapp.com/*"
    ],
    "host_rules": {
      "web.whatsapp.com": "chat_app",
      "chat.whatsapp.com": "group"
    },
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "contact_link",
        "path": "^/send(/|$)",
        "needs_param": "phone"
      },
      {
        "page_class": "contact_link",
        "path": "^/send(/|$)",
        "needs_param": null
      },
      {
        "page_class": "channel",
        "path": "^/channel/[^/]+",
        "needs_param": null
      }
    ]
  },
  {
    "key": "linkedin",
    "name": "LinkedIn",
    "optional": false,
    "page_hosts": [
      "www.linkedin.com"
    ],
    "host_pattern": "^([a-z]{2}|www|mobile)\\.linkedin\\.com$",
    "match_patterns": [
      "https://*.linkedin.com/*"
    ],
    "host_rules": {},
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "auth",
        "path": "^/(login|uas|checkpoint|signup|authwall)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "settings",
        "path": "^/(mypreferences|psettings|legal|help)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "messages",
        "path": "^/(messaging|sales/inbox)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "search",
        "path": "^/(search/results|sales/search|talent/search|recruiter/search|pub/dir)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/(mynetwork/(invite-connect/connections|network-manager)|sales/lists|company/[^/]+/people|school/[^/]+/people|groups/[^/]+/(members|manage))(/|$)",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/(posts/[^/]+|feed/update/[^/]+|pulse/[^/]+|embed/feed/update/[^/]+)",
        "needs_param": null
      },
      {
        "page_class": "group",
        "path": "^/groups(/|$)",
        "needs_param": null
      },
      {
        "page_class": "job",
        "path": "^/jobs(/|$)",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/(in|pub)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/(sales/(lead|people)|talent/profile|recruiter/profile)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "company_page",
        "path": "^/(company|school|showcase|sales/company|organization)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "feed",
        "path": "^/(feed)?$",
        "needs_param": null
      }
    ]
  },
  {
    "key": "tiktok",
    "name": "TikTok",
    "optional": false,
    "page_hosts": [
      "www.tiktok.com",
      "m.tiktok.com"
    ],
    "host_pattern": null,
    "match_patterns": [
      "https://www.tiktok.com/*",
      "https://m.tiktok.com/*"
    ],
    "host_rules": {},
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "auth",
        "path": "^/(login|signup)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "settings",
        "path": "^/(setting|legal|about|community-guidelines|safety)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "messages",
        "path": "^/messages(/|$)",
        "needs_param": null
      },
      {
        "page_class": "search",
        "path": "^/(search|tag|music|discover|sticker)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "media",
        "path": "^/@[^/]*/(video|photo|live|collection|playlist)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "media",
        "path": "^/(embed|share/video|v|t)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/@[a-z0-9_.-]+$",
        "needs_param": null
      },
      {
        "page_class": "feed",
        "path": "^/(foryou|following|explore|friends|live)?$",
        "needs_param": null
      }
    ]
  },
  {
    "key": "youtube",
    "name": "YouTube",
    "optional": false,
    "page_hosts": [
      "www.youtube.com",
      "m.youtube.com",
      "music.youtube.com"
    ],
    "host_pattern": null,
    "match_patterns": [
      "https://www.youtube.com/*",
      "https://m.youtube.com/*",
      "https://music.youtube.com/*"
    ],
    "host_rules": {},
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "search",
        "path": "^/(results|search|hashtag/[^/]+)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "media",
        "path": "^/(watch|watch_popup|movie)$",
        "needs_param": "v"
      },
      {
        "page_class": "media",
        "path": "^/(shorts|live|embed|v|e|clip)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/(@[^/]+|channel/[^/]+|c/[^/]+|user/[^/]+)/(about|channels|community|posts)$",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/(@[^/]+|channel/[^/]+|c/[^/]+|user/[^/]+)(/(featured|videos|shorts|streams|playlists|membership))?$",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/post/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "media",
        "path": "^/playlist$",
        "needs_param": "list"
      },
      {
        "page_class": "settings",
        "path": "^/(account|t|about|premium|upload|signin|logout)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "feed",
        "path": "^/(feed(/.*)?)?$",
        "needs_param": null
      }
    ]
  },
  {
    "key": "x",
    "name": "X",
    "optional": false,
    "page_hosts": [
      "x.com",
      "www.x.com",
      "mobile.x.com",
      "pro.x.com",
      "twitter.com",
      "www.twitter.com",
      "mobile.twitter.com"
    ],
    "host_pattern": null,
    "match_patterns": [
      "https://x.com/*",
      "https://www.x.com/*",
      "https://mobile.x.com/*",
      "https://pro.x.com/*",
      "https://twitter.com/*",
      "https://www.twitter.com/*",
      "https://mobile.twitter.com/*"
    ],
    "host_rules": {},
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "auth",
        "path": "^/(login|logout|signup|account|i/flow/[^/]+)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "settings",
        "path": "^/(settings|tos|privacy|rules|jobs)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "messages",
        "path": "^/(messages|i/chat)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "search",
        "path": "^/(search|search-advanced|hashtag/[^/]+|i/trends)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "group",
        "path": "^/i/communities/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/(i/lists/[^/]+(/members|/followers)?|[^/]+/lists/[^/]+)$",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/[^/]+/(followers|following|verified_followers|followers_you_follow)$",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/[^/]+/status/[0-9]+/(likes|retweets|quotes)$",
        "needs_param": null
      },
      {
        "page_class": "post",
        "path": "^/(i/web|[^/]+)/status(es)?/[0-9]+",
        "needs_param": null
      },
      {
        "page_class": "media",
        "path": "^/i/(broadcasts|events|spaces)/[^/]+",
        "needs_param": null
      },
      {
        "page_class": "feed",
        "path": "^/(home|explore(/.*)?|notifications(/.*)?)?$",
        "needs_param": null
      },
      {
        "page_class": "other",
        "path": "^/i/",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/[a-z0-9_]{1,15}(/(with_replies|media|likes|highlights|articles))?$",
        "needs_param": null
      }
    ]
  },
  {
    "key": "github",
    "name": "GitHub",
    "optional": true,
    "page_hosts": [
      "github.com"
    ],
    "host_pattern": null,
    "match_patterns": [
      "https://github.com/*"
    ],
    "host_rules": {},
    "locale_prefix": false,
    "rules": [
      {
        "page_class": "auth",
        "path": "^/(login|signup|sessions|password_reset)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "settings",
        "path": "^/settings(/|$)",
        "needs_param": null
      },
      {
        "page_class": "search",
        "path": "^/search(/|$)",
        "needs_param": null
      },
      {
        "page_class": "people_list",
        "path": "^/(orgs/[^/]+/people|[^/]+/[^/]+/(stargazers|watchers|network/members|graphs/contributors))$",
        "needs_param": null
      },
      {
        "page_class": "other",
        "path": "^/(notifications|issues|pulls|explore|topics|marketplace|features|pricing|about|new|sponsors|orgs|apps|trending|collections|codespaces|dashboard|stars|security|enterprise|team|readme|site|contact|customer-stories)(/|$)",
        "needs_param": null
      },
      {
        "page_class": "profile",
        "path": "^/[a-z0-9-]{1,39}$",
        "needs_param": null
      },
      {
        "page_class": "feed",
        "path": "^/$",
        "needs_param": null
      }
    ]
  }
];

/** Page classes that may be queued and sent; others stay in memory. @type {ReadonlySet<string>} */
export const SENDABLE = new Set(["channel", "chat_app", "company_page", "contact_link", "group", "media", "people_list", "post", "profile", "search"]);

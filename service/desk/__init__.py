"""The moderators' desk: pages under /desk for people who sign in, beside the API for blogs."""

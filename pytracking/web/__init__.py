"""The page of run_webcam --web: a small server, and what the browser loads from it."""

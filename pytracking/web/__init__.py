"""The server and the page of run_webcam --web."""

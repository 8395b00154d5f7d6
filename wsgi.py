"""The WSGI application: granian, gunicorn or any other server takes `wsgi:app`."""

from app import create_app

app = create_app()

import base64, hashlib, hmac, time

KEY, SECRET = "{{ key }}", "{{ secret }}"


def partnerka_token(customer_id, seconds=3600):
    name = base64.urlsafe_b64encode(str(customer_id).encode()).rstrip(b"=").decode()
    said = f"pw1.{KEY}.{name}.{int(time.time()) + seconds}"
    return said + "." + hmac.new(SECRET.encode(), said.encode(), hashlib.sha256).hexdigest()

<?php
const PARTNERKA_KEY = '{{ key }}', PARTNERKA_SECRET = '{{ secret }}';

function partnerka_token($customer_id, $seconds = 3600) {
    $name = rtrim(strtr(base64_encode((string) $customer_id), '+/', '-_'), '=');
    $said = 'pw1.' . PARTNERKA_KEY . '.' . $name . '.' . (time() + $seconds);
    return $said . '.' . hash_hmac('sha256', $said, PARTNERKA_SECRET);
}

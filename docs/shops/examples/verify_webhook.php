<?php
// Check that a webhook of ours is ours. Use the raw body: file_get_contents('php://input').
// Several signatures may stand in the header while a secret changes: one good one is enough. Keep the ids
// of the last days (webhook-id) and pass over what has come before; do not rely on the order of messages.

function partnerka_is_ours(string $secret, array $server, string $body): bool
{
    $message = $server['HTTP_WEBHOOK_ID'] ?? '';
    $stamp = $server['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if ($message === '' || !ctype_digit($stamp) || abs(time() - (int) $stamp) > 300) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('whsec_')));
    $good = 'v1,' . base64_encode(hash_hmac('sha256', "$message.$stamp.$body", $key, true));
    foreach (explode(' ', $server['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $given) {
        if (hash_equals($good, $given)) {
            return true;
        }
    }
    return false;
}

// if (!partnerka_is_ours(getenv('SECRET'), $_SERVER, file_get_contents('php://input'))) { http_response_code(403); exit; }

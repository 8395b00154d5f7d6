<?php
// Send an order by the signed webhook. Environment: HOOK (the delivery address), SECRET (whsec_...).
// php send_order.php order.json        (PHP 7.4 or newer with curl)

function partnerka_sign(string $secret, string $message, string $stamp, string $body): string
{
    $key = base64_decode(substr($secret, strlen('whsec_')));
    return 'v1,' . base64_encode(hash_hmac('sha256', "$message.$stamp.$body", $key, true));
}

// Send one message. Try again with the SAME message id until it is answered 200.
function partnerka_send(string $hook, string $secret, string $body, string $message): array
{
    $stamp = (string) time();
    $call = curl_init($hook);
    curl_setopt_array($call, [
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => $body,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 10,
        CURLOPT_HTTPHEADER => [
            'Content-Type: application/json',
            "webhook-id: $message",
            "webhook-timestamp: $stamp",
            'webhook-signature: ' . partnerka_sign($secret, $message, $stamp, $body),
        ],
    ]);
    $said = curl_exec($call);
    $status = curl_getinfo($call, CURLINFO_RESPONSE_CODE);
    return [$status, (string) $said]; // 0: no answer, try again
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    $body = file_get_contents($argv[1]);
    [$status, $said] = partnerka_send(getenv('HOOK'), getenv('SECRET'), $body, 'msg_' . bin2hex(random_bytes(12)));
    if ($status === 200) {
        echo "sent\n"; // it is kept, and booked within a second
    } else {
        // 400, 403, 409, 422: mend it, trying again is of no use; 0, 429 and 5xx: try again later.
        fwrite(STDERR, "$status $said\n");
        exit(1);
    }
}

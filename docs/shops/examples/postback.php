<?php
// Tell a sale by a signed postback. Environment: POSTBACK (https://.../postback/<merchant>), SECRET.
// php postback.php order=A-1001 amount=1900.00 currency=RUB status=paid click=ck_...

function partnerka_postback_sign(string $secret, array $said): string
{
    ksort($said, SORT_STRING);
    return hash_hmac('sha256', http_build_query($said), $secret);
}

if (realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    parse_str(implode('&', array_map(
        fn ($each) => implode('=', array_map('rawurlencode', explode('=', $each, 2))),
        array_slice($argv, 1)
    )), $said);
    $said['ts'] = (string) time();
    $said['sig'] = partnerka_postback_sign(getenv('SECRET'), $said);
    echo file_get_contents(getenv('POSTBACK') . '?' . http_build_query($said)), "\n";
}

<?php
/**
 * The few functions of WordPress that the mu-plugin calls, and how Akismet's plugin asks and understands the answer.
 *
 * Requests are real. What Akismet's plugin does is written from its behaviour: HTTPS, HTTPS again, then HTTP; the header
 * x-akismet-error is pending, "true" is spam, anything but "true" and "false" is pending; from 5.5 on "false" with a guid
 * and X-akismet-recheck-after is pending as well.
 *
 * Called as: php stand_in.php PLUGIN < a JSON object of constants, a call, its fields, and what else a test wants.
 */

declare( strict_types = 1 );

/** Headers as WordPress has them: names in any case. */
final class Headers implements ArrayAccess {
	private array $values = array();
	#[\ReturnTypeWillChange]
	public function offsetExists( $name ) {
		return isset( $this->values[ strtolower( $name ) ] );
	}
	#[\ReturnTypeWillChange]
	public function offsetGet( $name ) {
		return $this->values[ strtolower( $name ) ] ?? null;
	}
	#[\ReturnTypeWillChange]
	public function offsetSet( $name, $value ) {
		$this->values[ strtolower( $name ) ] = $value;
	}
	#[\ReturnTypeWillChange]
	public function offsetUnset( $name ) {
		unset( $this->values[ strtolower( $name ) ] );
	}
	public function getAll(): array {
		return $this->values;
	}
}

final class WP_Error {
	public string $code;
	public string $message;
	public function __construct( string $code, string $message ) {
		$this->code    = $code;
		$this->message = $message;
	}
}

$filters = array();
$sent    = array();

function add_filter( string $name, $callback, int $priority = 10, int $accepted = 1 ): void {
	$GLOBALS['filters'][ $name ][ $priority ][] = array( $callback, $accepted );
}
function add_action( string $name, $callback ): void {
	add_filter( $name, $callback );
}
function apply_filters( string $name, $value, ...$more ) {
	$all = $GLOBALS['filters'][ $name ] ?? array();
	ksort( $all );
	foreach ( $all as $callbacks ) {
		foreach ( $callbacks as [$callback, $accepted] ) {
			$value = call_user_func_array( $callback, array_slice( array( $value, ...$more ), 0, $accepted ) );
		}
	}
	return $value;
}
function __return_true(): bool {
	return true;
}
function is_wp_error( $value ): bool {
	return $value instanceof WP_Error;
}
function wp_parse_url( string $url, int $part = -1 ) {
	return parse_url( $url, $part );
}
function current_user_can( string $what ): bool {
	return 'manage_options' === $what;
}
function esc_html( string $text ): string {
	return htmlspecialchars( $text, ENT_QUOTES );
}
function wp_remote_retrieve_header( $response, string $name ) {
	return is_wp_error( $response ) ? '' : ( $response['headers'][ $name ] ?? '' );
}
function wp_remote_post( string $url, array $args ) {
	return wp_remote_request( $url, array( 'method' => 'POST' ) + $args );
}
function wp_remote_request( string $url, array $args ) {
	$args    += array( 'method' => 'GET', 'timeout' => 5, 'redirection' => 5, 'httpversion' => '1.0', 'headers' => array(), 'body' => null );
	$answered = apply_filters( 'pre_http_request', false, $args, $url );
	if ( false !== $answered ) {
		return $answered;
	}
	$GLOBALS['sent'][] = array( 'url' => $url, 'method' => $args['method'], 'timeout' => $args['timeout'], 'redirection' => $args['redirection'] );
	$lines = array( 'Connection: close' );
	foreach ( $args['headers'] as $name => $value ) {
		$lines[] = "$name: $value";
	}
	$options = array(
		'method'           => $args['method'],
		'header'           => $lines,
		'content'          => (string) $args['body'],
		'timeout'          => (float) $args['timeout'],
		'protocol_version' => (float) $args['httpversion'],
		'ignore_errors'    => true,
		'follow_location'  => $args['redirection'] > 0 ? 1 : 0,
	);
	$body = @file_get_contents( $url, false, stream_context_create( array( 'http' => $options ) ) );
	if ( false === $body ) {
		return new WP_Error( 'http_request_failed', 'No answer.' );
	}
	$headers = new Headers();
	foreach ( array_slice( $http_response_header, 1 ) as $line ) {
		[$name, $value]         = explode( ':', $line, 2 );
		$headers[ trim( $name ) ] = trim( $value );
	}
	return array( 'headers' => $headers, 'body' => $body );
}

/** Akismet's key: a constant of wp-config.php or a filter. */
function akismet_key(): string {
	return (string) apply_filters( 'akismet_get_api_key', defined( 'WPCOM_API_KEY' ) ? WPCOM_API_KEY : '' );
}

/** Akismet::http_post of the plugin: answers headers and body, both empty when nobody answered. */
function akismet_http_post( array $fields, string $path ): array {
	$args = array(
		'body'        => http_build_query( $fields + array( 'api_key' => akismet_key() ) ),
		'headers'     => array(
			'Content-Type' => 'application/x-www-form-urlencoded; charset=UTF-8',
			'Host'         => 'rest.akismet.com',
			'User-Agent'   => 'WordPress/6.9 | Akismet/' . AKISMET_VERSION,
		),
		'httpversion' => '1.0',
		'timeout'     => 15,
	);
	foreach ( array( 'https', 'https', 'http' ) as $scheme ) {
		$response = wp_remote_post( "$scheme://rest.akismet.com/1.1/$path", $args );
		if ( ! is_wp_error( $response ) ) {
			return array( $response['headers'], $response['body'] );
		}
	}
	return array( array(), '' );
}

/** What the plugin makes of an answer to comment-check. */
function akismet_verdict( array $response ): string {
	[$headers, $body] = $response;
	if ( isset( $headers['x-akismet-error'] ) ) {
		return 'pending';
	}
	if ( 'true' === $body ) {
		return 'spam';
	}
	if ( 'false' !== $body ) {
		return 'pending';
	}
	$can_wait = version_compare( AKISMET_VERSION, '5.5', '>=' );
	return $can_wait && isset( $headers['x-akismet-guid'], $headers['X-akismet-recheck-after'] ) ? 'pending' : 'approved';
}

$asked = json_decode( (string) stream_get_contents( STDIN ), true, 512, JSON_THROW_ON_ERROR );
foreach ( $asked['constants'] as $name => $value ) {
	define( $name, $value );
}
require $argv[1];

$answer = array();
foreach ( $asked['calls'] ?? array() as [$path, $fields] ) {
	$response = akismet_http_post( $fields, $path );
	$answer[] = array( 'body' => $response[1], 'verdict' => akismet_verdict( $response ) );
}
foreach ( $asked['elsewhere'] ?? array() as $url ) {
	wp_remote_request( $url, array() );
}
ob_start();
apply_filters( 'admin_notices', null );
echo json_encode(
	array(
		'answers'    => $answer,
		'sent'       => $sent,
		'notice'     => ob_get_clean(),
		'key'        => akismet_key(),
		'predefined' => apply_filters( 'akismet_predefined_api_key', false ),
	)
);

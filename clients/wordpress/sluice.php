<?php
/**
 * Plugin Name: Sluice for Akismet
 * Description: Lets the Akismet plugin ask a Sluice of your own, and keeps what Sluice holds pending.
 * Version: 0.1.0
 * Requires PHP: 7.4
 * License: Apache-2.0
 *
 * Put this file into wp-content/mu-plugins/ and this into wp-config.php:
 *
 *     define( 'SLUICE_URL', 'https://sluice.example.org' );
 *     define( 'SLUICE_KEY', 'the key of your site' );
 *
 * Akismet's plugin stays as it is. When Sluice is away, it does what it does when Akismet is away: it keeps the comment
 * pending, mails nobody yet, and asks again later.
 */

declare( strict_types = 1 );

namespace Sluice\Akismet;

/** The host that Akismet's plugin has written in. */
const AKISMET_HOST = 'rest.akismet.com';

/** The first version of Akismet's plugin that can be told to keep a comment pending, and be told later what became of it. */
const KNOWS_PENDING = '5.5';

if ( \defined( 'SLUICE_URL' ) || \defined( 'SLUICE_KEY' ) ) {
	\add_filter( 'pre_http_request', __NAMESPACE__ . '\\ask_sluice', 10, 3 );
}
if ( \defined( 'SLUICE_KEY' ) ) {
	\add_filter( 'akismet_predefined_api_key', '__return_true' );
	\add_filter( 'akismet_get_api_key', __NAMESPACE__ . '\\the_key' );
}
\add_action( 'admin_notices', __NAMESPACE__ . '\\say_what_is_missing' );

/**
 * Send a request for Akismet to Sluice instead, as it is: method, headers, body and time-out.
 *
 * It goes by the scheme of SLUICE_URL even when the plugin falls back to plain HTTP: comments and addresses of readers
 * must not travel in the clear because a certificate was renewed too late.
 *
 * @param mixed  $answer What another filter answered already, or false.
 * @param array  $args   The request.
 * @param string $url    Where it was to go.
 * @return mixed The answer or a WP_Error; $answer for every other request of WordPress.
 */
function ask_sluice( $answer, $args, $url ) {
	static $asking = false;
	$host = \strtolower( (string) \wp_parse_url( $url, PHP_URL_HOST ) );
	if ( false !== $answer || $asking || ! is_akismet( $host ) ) {
		return $answer;
	}
	$base = sluice_url();
	if ( '' === $base ) {
		// Rather nothing than to Akismet: whoever set one of the constants does not want comments to go there.
		return new \WP_Error( 'sluice_not_configured', 'SLUICE_URL in wp-config.php is not an http:// or https:// address.' );
	}
	$path  = (string) \wp_parse_url( $url, PHP_URL_PATH );
	$query = (string) \wp_parse_url( $url, PHP_URL_QUERY );

	$args['headers']     = headers_for_sluice( $args['headers'] ?? array() );
	$args['redirection'] = 0; // A key and a comment go where the owner said, and nowhere else.
	$asking              = true;
	try {
		$response = \wp_remote_request( $base . $path . ( '' === $query ? '' : '?' . $query ), $args );
	} finally {
		$asking = false;
	}
	return \is_wp_error( $response ) ? $response : held_is_pending( $response );
}

/** Whether a host is Akismet's; very old plugins put the key before it. */
function is_akismet( string $host ): bool {
	return AKISMET_HOST === $host || '.' . AKISMET_HOST === \substr( $host, -\strlen( '.' . AKISMET_HOST ) );
}

/** The address in wp-config.php without a slash at its end; empty when it is none. */
function sluice_url(): string {
	$url = \defined( 'SLUICE_URL' ) ? \trim( (string) \constant( 'SLUICE_URL' ) ) : '';
	return 1 === \preg_match( '~^https?://[^\s/?#]+[^\s?#]*$~i', $url ) ? \rtrim( $url, '/' ) : '';
}

/**
 * The plugin's headers, of which Host names Sluice, and User-Agent says that pending is understood here.
 *
 * @param array|string $headers As WordPress takes them.
 */
function headers_for_sluice( $headers ): array {
	$kept = array();
	foreach ( (array) $headers as $name => $value ) {
		if ( 'host' === \strtolower( (string) $name ) ) {
			continue;
		}
		if ( 'user-agent' === \strtolower( (string) $name ) && ! akismet_knows_pending() ) {
			$value = \preg_replace( '~\| Akismet/\S+~', '| Akismet/' . KNOWS_PENDING, (string) $value );
		}
		$kept[ $name ] = $value;
	}
	return $kept;
}

/** Whether the plugin itself can keep a comment pending when it is told to ask again later. */
function akismet_knows_pending(): bool {
	return \defined( 'AKISMET_VERSION' ) && \version_compare( (string) \constant( 'AKISMET_VERSION' ), KNOWS_PENDING, '>=' );
}

/**
 * Sluice says of a held comment: not spam yet, ask again much later. An older plugin would publish that; the header
 * X-akismet-error makes every version keep it pending, whatever the body says.
 *
 * @param array $response The answer of Sluice.
 */
function held_is_pending( array $response ): array {
	if ( akismet_knows_pending() || '' === (string) \wp_remote_retrieve_header( $response, 'x-akismet-recheck-after' ) ) {
		return $response;
	}
	if ( \is_array( $response['headers'] ) ) {
		$response['headers']['x-akismet-error'] = 'held';
	} else {
		$response['headers']->offsetSet( 'x-akismet-error', 'held' );
	}
	return $response;
}

/** The key in wp-config.php. */
function the_key(): string {
	return \trim( (string) \constant( 'SLUICE_KEY' ) );
}

/** Tell administrators what is missing, in one sentence. */
function say_what_is_missing(): void {
	$problem = '';
	if ( ! \defined( 'SLUICE_URL' ) || ! \defined( 'SLUICE_KEY' ) ) {
		$problem = 'Define SLUICE_URL and SLUICE_KEY in wp-config.php.';
	} elseif ( '' === sluice_url() ) {
		$problem = 'SLUICE_URL in wp-config.php must be an http:// or https:// address.';
	} elseif ( 1 !== \preg_match( '/^[0-9a-z]{12}$/', the_key() ) ) {
		$problem = 'SLUICE_KEY in wp-config.php must be the 12 characters of a key of Sluice.';
	}
	if ( '' !== $problem && \current_user_can( 'manage_options' ) ) {
		\printf( '<div class="notice notice-error"><p>Sluice for Akismet: %s</p></div>', \esc_html( $problem ) );
	}
}

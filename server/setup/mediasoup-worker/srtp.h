// The mediasoup worker is written against libsrtp 3 (header `srtp.h`, policies behind an opaque pointer, separate input
// and output buffers). Debian ships libsrtp 2, which does the same work in place and takes policies as a plain struct.
// This header offers the part of libsrtp 3 that the worker uses on top of libsrtp 2.
#pragma once

// Both versions use the name `srtp_policy_t`, for different things. Rename libsrtp 2's while its header is read.
#define srtp_policy_t srtp2_policy_t
#include <srtp2/srtp.h>
#undef srtp_policy_t

#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <openssl/crypto.h>
#include <vector>

// Error codes that libsrtp 2 does not have. The worker lists them in its table of error texts.
constexpr auto srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(28);
constexpr auto srtp_err_status_cryptex_err  = static_cast<srtp_err_status_t>(29);

struct Srtp3Policy
{
	srtp2_policy_t policy{};
	// libsrtp 2 keeps a pointer to the key and salt until srtp_create(), so they must live as long as the policy.
	std::vector<uint8_t> keyAndSalt;

	~Srtp3Policy()
	{
		OPENSSL_cleanse(keyAndSalt.data(), keyAndSalt.size());
	}
};

using srtp_policy_t = Srtp3Policy*;

inline srtp_err_status_t srtp_policy_create(srtp_policy_t* out)
{
	*out = new Srtp3Policy();

	return srtp_err_status_ok;
}

inline void srtp_policy_destroy(srtp_policy_t policy)
{
	delete policy;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp_policy_t policy, srtp_ssrc_t ssrc)
{
	policy->policy.ssrc = ssrc;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp_policy_t policy, srtp_profile_t profile)
{
	const auto error = srtp_crypto_policy_set_from_profile_for_rtp(&policy->policy.rtp, profile);

	if (error != srtp_err_status_ok)
	{
		return error;
	}

	return srtp_crypto_policy_set_from_profile_for_rtcp(&policy->policy.rtcp, profile);
}

// The worker never uses master key identifiers (MKI), so those two arguments are not passed on.
inline srtp_err_status_t srtp_policy_add_key(
  srtp_policy_t policy,
  const uint8_t* key,
  size_t keyLen,
  const uint8_t* salt,
  size_t saltLen,
  const uint8_t* /*mki*/,
  size_t /*mkiLen*/)
{
	// Reserved at once, so that no copy of the key is left behind by a growing vector.
	policy->keyAndSalt.reserve(keyLen + saltLen);
	policy->keyAndSalt.assign(key, key + keyLen);
	policy->keyAndSalt.insert(policy->keyAndSalt.end(), salt, salt + saltLen);
	policy->policy.key = policy->keyAndSalt.data();

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp_policy_t policy, bool allow)
{
	policy->policy.allow_repeat_tx = allow;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp_policy_t policy, size_t windowSize)
{
	policy->policy.window_size = windowSize;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_create(srtp_t* session, srtp_policy_t policy)
{
	return srtp_create(session, static_cast<const srtp2_policy_t*>(&policy->policy));
}

inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	// libsrtp 2 takes the SSRC in network byte order, libsrtp 3 too, so it passes unchanged.
	return srtp_remove_stream(session, ssrc);
}

namespace srtp2Adapter
{
	// Works in the output buffer: copies the packet there and lets libsrtp 2 grow or shrink it in place. `headroom` is
	// what libsrtp 2 may write beyond the packet without asking.
	template<typename InPlace>
	inline srtp_err_status_t apply(
	  InPlace inPlace, srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t headroom)
	{
		if (inLen > INT_MAX - headroom || *outLen < inLen + headroom)
		{
			return srtp_err_status_buffer_small;
		}

		if (in != out)
		{
			std::memmove(out, in, inLen);
		}

		int len          = static_cast<int>(inLen);
		const auto error = inPlace(session, static_cast<void*>(out), &len);

		*outLen = static_cast<size_t>(len);

		return error;
	}

	using InPlaceFunction = srtp_err_status_t (*)(srtp_t, void*, int*);

	// The names are overloaded below, so libsrtp 2's functions are picked by their type here.
	inline constexpr InPlaceFunction protect       = ::srtp_protect;
	inline constexpr InPlaceFunction protectRtcp   = ::srtp_protect_rtcp;
	inline constexpr InPlaceFunction unprotect     = ::srtp_unprotect;
	inline constexpr InPlaceFunction unprotectRtcp = ::srtp_unprotect_rtcp;
} // namespace srtp2Adapter

inline srtp_err_status_t srtp_protect(
  srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t /*mkiIndex*/)
{
	return srtp2Adapter::apply(srtp2Adapter::protect, session, in, inLen, out, outLen, SRTP_MAX_TRAILER_LEN);
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t /*mkiIndex*/)
{
	// SRTCP adds its 4 byte index to what SRTP adds (RFC 3711, section 3.4).
	return srtp2Adapter::apply(
	  srtp2Adapter::protectRtcp, session, in, inLen, out, outLen, SRTP_MAX_TRAILER_LEN + 4);
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen)
{
	return srtp2Adapter::apply(srtp2Adapter::unprotect, session, in, inLen, out, outLen, 0);
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen)
{
	return srtp2Adapter::apply(srtp2Adapter::unprotectRtcp, session, in, inLen, out, outLen, 0);
}

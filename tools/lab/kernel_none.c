// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel-ipsec backend of strongSwan that installs nothing.
 *
 * charon wants SAs and policies in a kernel; a kernel without ESP refuses them, and the negotiation
 * that the lab wants to see ends there. This backend says yes to everything. SPIs are random, in the
 * range that Linux uses. Nothing is encrypted, so there is no ESP: a scenario that needs some uses
 * kernel-libipsec instead, which always forces UDP encapsulation.
 *
 * charon looks for <name>_plugin_create in what is loaded already before it looks for a file, so
 * LD_PRELOAD is enough to add the plugin. It has to be built with the headers of the very charon
 * that loads it: strongSwan promises no stable ABI.
 */
#include <daemon.h>
#include <kernel/kernel_ipsec.h>

#define FIRST_SPI 0xc0000000u
#define SPI_MASK 0x0fffffffu

typedef struct {
	kernel_ipsec_t public;
	rng_t *rng;
} none_ipsec_t;

METHOD(kernel_ipsec_t, get_features, kernel_feature_t, none_ipsec_t *this)
{
	return 0;
}

METHOD(kernel_ipsec_t, get_spi, status_t, none_ipsec_t *this, host_t *src, host_t *dst,
	   uint8_t protocol, uint32_t *spi)
{
	uint32_t number;

	if (!this->rng->get_bytes(this->rng, sizeof(number), (uint8_t *)&number))
	{
		return FAILED;
	}
	*spi = htonl(FIRST_SPI | (number & SPI_MASK));
	return SUCCESS;
}

METHOD(kernel_ipsec_t, get_cpi, status_t, none_ipsec_t *this, host_t *src, host_t *dst,
	   uint16_t *cpi)
{
	return NOT_SUPPORTED; /* no IPComp */
}

METHOD(kernel_ipsec_t, add_sa, status_t, none_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	   kernel_ipsec_add_sa_t *data)
{
	return SUCCESS;
}

METHOD(kernel_ipsec_t, update_sa, status_t, none_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	   kernel_ipsec_update_sa_t *data)
{
	return SUCCESS;
}

/* Never used, which is true: DPD then asks as often as it is told to. */
METHOD(kernel_ipsec_t, query_sa, status_t, none_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	   kernel_ipsec_query_sa_t *data, uint64_t *bytes, uint64_t *packets, time_t *time)
{
	*bytes = 0;
	if (packets)
	{
		*packets = 0;
	}
	if (time)
	{
		*time = 0;
	}
	return SUCCESS;
}

METHOD(kernel_ipsec_t, del_sa, status_t, none_ipsec_t *this, kernel_ipsec_sa_id_t *id,
	   kernel_ipsec_del_sa_t *data)
{
	return SUCCESS;
}

METHOD(kernel_ipsec_t, flush, status_t, none_ipsec_t *this)
{
	return SUCCESS;
}

METHOD(kernel_ipsec_t, manage_policy, status_t, none_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	   kernel_ipsec_manage_policy_t *data)
{
	return SUCCESS;
}

METHOD(kernel_ipsec_t, query_policy, status_t, none_ipsec_t *this, kernel_ipsec_policy_id_t *id,
	   kernel_ipsec_query_policy_t *data, time_t *use_time)
{
	*use_time = 0;
	return SUCCESS;
}

METHOD(kernel_ipsec_t, bypass_socket, bool, none_ipsec_t *this, int fd, int family)
{
	return TRUE;
}

METHOD(kernel_ipsec_t, enable_udp_decap, bool, none_ipsec_t *this, int fd, int family,
	   uint16_t port)
{
	return TRUE;
}

METHOD(kernel_ipsec_t, destroy, void, none_ipsec_t *this)
{
	this->rng->destroy(this->rng);
	free(this);
}

static kernel_ipsec_t *none_ipsec_create(void)
{
	none_ipsec_t *this;

	INIT(this,
		.public = {
			.get_features = _get_features,
			.get_spi = _get_spi,
			.get_cpi = _get_cpi,
			.add_sa = _add_sa,
			.update_sa = _update_sa,
			.query_sa = _query_sa,
			.del_sa = _del_sa,
			.flush_sas = _flush,
			.add_policy = _manage_policy,
			.query_policy = _query_policy,
			.del_policy = _manage_policy,
			.flush_policies = _flush,
			.bypass_socket = _bypass_socket,
			.enable_udp_decap = _enable_udp_decap,
			.destroy = _destroy,
		},
		.rng = lib->crypto->create_rng(lib->crypto, RNG_WEAK),
	);
	return &this->public;
}

METHOD(plugin_t, get_name, char *, plugin_t *this)
{
	return "kernel-none";
}

METHOD(plugin_t, get_plugin_features, int, plugin_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK(kernel_ipsec_register, none_ipsec_create),
			PLUGIN_PROVIDE(CUSTOM, "kernel-ipsec"),
				PLUGIN_DEPENDS(RNG, RNG_WEAK),
	};

	*features = f;
	return countof(f);
}

METHOD(plugin_t, destroy_plugin, void, plugin_t *this)
{
	free(this);
}

plugin_t *kernel_none_plugin_create(void)
{
	plugin_t *this;

	INIT(this,
		.get_name = _get_name,
		.get_features = _get_plugin_features,
		.destroy = _destroy_plugin,
	);
	return this;
}

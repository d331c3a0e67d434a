# SPDX-License-Identifier: GPL-2.0-or-later
"""Volumes exported by tgtd, the iSCSI target of Enterprise Linux.

ISCSIDriver of nova.volume.driver knows ietd only. This driver does what differs and leaves logical volumes and
the initiator's side to it. The target's side is volume-root, the service's --root_helper, with its commands tgt-*:
it makes target, LUN 1, CHAP account and access list wholly or not at all, and writes them down. On compute nodes the same driver looks for
LUN 1: LUN 0 of a tgtd target is the controller.

Each volume has a CHAP user and a secret of its own, kept with the volume in nova's database; compute nodes get it
from there. --tgt_initiators narrows the addresses further.
"""

import base64
import os
import time

from nova import exception
from nova import flags
from nova import log as logging
from nova.volume import driver


LOG = logging.getLogger('nova.volume.tgt')
FLAGS = flags.FLAGS
flags.DEFINE_list('tgt_initiators', [],
                  'addresses and networks of the compute nodes; none: any address, if it knows the secret')
flags.DEFINE_bool('tgt_chap', True,
                  'each volume has a secret of its own; without, --tgt_initiators is all that guards it')
flags.DEFINE_integer('tgt_port', 3260, 'the port that tgtd listens on')

LUN = 1
# Some initiators take 16 characters at most
SECRET_LENGTH = 16


def make_secret():
    """As many random bits as letters and digits can hold: five in each character."""
    return base64.b32encode(os.urandom(SECRET_LENGTH * 5 // 8)).decode('ascii')


class TgtISCSIDriver(driver.ISCSIDriver):
    """Logical volumes over iSCSI from tgtd."""

    def _tgt(self, command, *words, **kwargs):
        return self._execute(command, run_as_root=True, *words, **kwargs)

    def _iqn(self, volume):
        return '%s%s' % (FLAGS.iscsi_target_prefix, volume['name'])

    def _path(self, volume):
        return '/dev/%s/%s' % (FLAGS.volume_group, volume['name'])

    def check_for_setup_error(self):
        """Volume group, tgtd, and that volumes will not be open to everybody."""
        super(TgtISCSIDriver, self).check_for_setup_error()
        if not FLAGS.tgt_chap and not FLAGS.tgt_initiators:
            raise exception.Error('--notgt_chap without --tgt_initiators would open every volume to everybody; '
                                  'name the addresses of the compute nodes')
        self._tgt('tgt-status')

    def _auth(self, volume):
        """What the volume's row says, or a new secret: "CHAP USER SECRET"; "" without CHAP."""
        if not FLAGS.tgt_chap:
            return ''
        return volume['provider_auth'] or 'CHAP %s %s' % (volume['name'], make_secret())

    def _export(self, context, volume, tid):
        """Makes the export; returns what the volume's row has to say of it."""
        auth = self._auth(volume)
        account = ' '.join(auth.split()[1:])
        self._tgt('tgt-export', str(tid), self._iqn(volume), self._path(volume), process_input=account,
                  *FLAGS.tgt_initiators)
        return {'provider_location': '%s:%d,1 %s' % (FLAGS.my_ip, FLAGS.tgt_port, self._iqn(volume)),
                'provider_auth': auth}

    def ensure_export(self, context, volume):
        """When the service starts: the export is there again. One that cannot be made keeps no other back."""
        try:
            tid = self.db.volume_get_iscsi_target_num(context, volume['id'])
        except exception.NotFound:
            LOG.info('Volume %s has no target number: nothing to export', volume['name'])
            return
        try:
            update = self._export(context, volume, tid)
        except exception.ProcessExecutionError:
            LOG.exception('Volume %s cannot be exported', volume['name'])
            return
        if [key for key in update if volume[key] != update[key]]:
            self.db.volume_update(context, volume['id'], update)

    def create_export(self, context, volume):
        """A new volume: a target number of this host, and the export."""
        self._ensure_iscsi_targets(context, volume['host'])
        tid = self.db.volume_allocate_iscsi_target(context, volume['id'], volume['host'])
        return self._export(context, volume, tid)

    def remove_export(self, context, volume):
        """Before a volume is deleted. Fails while somebody uses it; one that is not exported is no error."""
        self._tgt('tgt-remove', self._iqn(volume))

    def check_for_export(self, context, volume_id):
        """Raises if the volume is not exported."""
        try:
            self._tgt('tgt-show', self._iqn(self.db.volume_get(context, volume_id)))
        except exception.ProcessExecutionError:
            LOG.error('Volume %s is not exported; "service openstack-nova-volume reload" exports it again',
                      volume_id)
            raise

    def get_volume_stats(self, refresh=False):
        """Called once a minute: what tgtd lost because it was restarted is exported again."""
        if refresh:
            try:
                self._tgt('tgt-restore')
            except exception.ProcessExecutionError:
                LOG.exception('Exports cannot be restored')
        return super(TgtISCSIDriver, self).get_volume_stats(refresh)

    def discover_volume(self, context, volume):
        """On a compute node: logs in and returns the path of the disk."""
        properties = self._get_iscsi_properties(volume)
        if not properties['target_discovered']:
            self._run_iscsiadm(properties, ('--op', 'new'))
        for key, field in (('auth_method', 'authmethod'), ('auth_username', 'username'),
                           ('auth_password', 'password')):
            if properties.get('auth_method'):
                self._iscsiadm_update(properties, 'node.session.auth.' + field, properties[key])
        self._run_iscsiadm(properties, ('--login',))
        self._iscsiadm_update(properties, 'node.startup', 'automatic')
        path = '/dev/disk/by-path/ip-%s-iscsi-%s-lun-%d' % (
            properties['target_portal'], properties['target_iqn'], LUN)
        self._wait_for(path, properties)
        return path

    def _wait_for(self, path, properties):
        """udev makes the link some time after the login."""
        for tries in range(1, int(FLAGS.num_iscsi_scan_tries) + 1):
            if os.path.exists(path):
                return
            LOG.warn('iSCSI disk %s is not there yet; scanning again, try %d', path, tries)
            self._run_iscsiadm(properties, ('--rescan',))
            if not os.path.exists(path):
                time.sleep(tries ** 2)
        if not os.path.exists(path):
            raise exception.Error('iSCSI disk not found at %s' % path)

    def undiscover_volume(self, volume):
        """On a compute node: logs out. Upstream gives the last command as a word, not as a list of words."""
        properties = self._get_iscsi_properties(volume)
        self._iscsiadm_update(properties, 'node.startup', 'manual')
        self._run_iscsiadm(properties, ('--logout',))
        self._run_iscsiadm(properties, ('--op', 'delete'))

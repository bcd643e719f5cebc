package main

import (
	"context"
	"fmt"
	"log"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	storagelisters "k8s.io/client-go/listers/storage/v1"
)

const (
	provisionerName     = "idp.local/volume-provisioner"
	provisionedBy       = "pv.kubernetes.io/provisioned-by"
	selectedNode        = "volume.kubernetes.io/selected-node"
	storageProvisioner  = "volume.kubernetes.io/storage-provisioner"
	hostname            = "kubernetes.io/hostname"
	reasonProvisioned   = "ProvisioningSucceeded"
	reasonNotProvisoned = "ProvisioningFailed"
)

type provisioner struct {
	client  kubernetes.Interface
	folders *folders
	node    string
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	classes storagelisters.StorageClassLister
}

// reconcile provisions every waiting claim and removes every released volume. Each step may be repeated.
func (p *provisioner) reconcile(ctx context.Context) {
	claims, err := p.claims.List(labels.Everything())
	if err != nil {
		log.Print(err)
	}
	for _, claim := range claims {
		if class := p.classOf(claim); class != nil {
			p.report(ctx, claim, p.provision(ctx, claim, class))
		}
	}
	volumes, err := p.volumes.List(labels.Everything())
	if err != nil {
		log.Print(err)
	}
	for _, volume := range volumes {
		if !p.isReleased(volume) {
			continue
		}
		if err := p.release(ctx, volume); err != nil {
			log.Printf("volume %s: %v", volume.Name, err)
		}
	}
}

// classOf returns the class of a claim that waits for this provisioner on this node, else nil.
func (p *provisioner) classOf(claim *core.PersistentVolumeClaim) *storage.StorageClass {
	waits := claim.Status.Phase == core.ClaimPending && claim.Spec.VolumeName == "" && claim.DeletionTimestamp == nil
	ours := claim.Annotations[storageProvisioner] == provisionerName && claim.Annotations[selectedNode] == p.node
	if !waits || !ours || claim.Spec.StorageClassName == nil {
		return nil
	}
	class, err := p.classes.Get(*claim.Spec.StorageClassName)
	if err != nil || class.Provisioner != provisionerName {
		return nil
	}
	return class
}

func (p *provisioner) provision(ctx context.Context, claim *core.PersistentVolumeClaim, class *storage.StorageClass) error {
	if err := supported(claim); err != nil {
		return err
	}
	// Named after the claim's UID, so that a repeated attempt finds what an earlier one made.
	name := "pvc-" + string(claim.UID)
	if _, err := p.volumes.Get(name); err == nil {
		return nil
	}
	path, err := p.folders.create(name)
	if err != nil {
		return err
	}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, volume(name, path, p.node, claim, class), meta.CreateOptions{})
	if errors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// supported refuses what a folder on one node cannot be.
func supported(claim *core.PersistentVolumeClaim) error {
	if mode := claim.Spec.VolumeMode; mode != nil && *mode != core.PersistentVolumeFilesystem {
		return fmt.Errorf("volumeMode %s is not supported: only %s", *mode, core.PersistentVolumeFilesystem)
	}
	for _, mode := range claim.Spec.AccessModes {
		if mode != core.ReadWriteOnce && mode != core.ReadWriteOncePod {
			return fmt.Errorf("accessMode %s is not supported: only %s, %s", mode, core.ReadWriteOnce, core.ReadWriteOncePod)
		}
	}
	if claim.Spec.DataSource != nil || claim.Spec.Selector != nil {
		return fmt.Errorf("dataSource and selector are not supported")
	}
	return nil
}

// volume describes a folder as a volume of kind `local`: unlike hostPath it honours a pod's fsGroup and
// binds the pod to the node.
func volume(name, path, node string, claim *core.PersistentVolumeClaim, class *storage.StorageClass) *core.PersistentVolume {
	policy := core.PersistentVolumeReclaimDelete
	if class.ReclaimPolicy != nil {
		policy = *class.ReclaimPolicy
	}
	filesystem := core.PersistentVolumeFilesystem
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisionerName}},
		Spec: core.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			PersistentVolumeReclaimPolicy: policy,
			StorageClassName:              class.Name,
			VolumeMode:                    &filesystem,
			PersistentVolumeSource:        core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: path}},
			ClaimRef: &core.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{
				NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{
					{Key: hostname, Operator: core.NodeSelectorOpIn, Values: []string{node}},
				}}},
			}},
		},
	}
}

func (p *provisioner) isReleased(volume *core.PersistentVolume) bool {
	return volume.Annotations[provisionedBy] == provisionerName &&
		volume.Status.Phase == core.VolumeReleased &&
		volume.Spec.PersistentVolumeReclaimPolicy == core.PersistentVolumeReclaimDelete
}

// release removes the folder first: were the object gone first, a crash in between would leave data
// nobody knows of.
func (p *provisioner) release(ctx context.Context, volume *core.PersistentVolume) error {
	if err := p.folders.remove(volume.Name); err != nil {
		return err
	}
	err := p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{})
	if errors.IsNotFound(err) {
		return nil
	}
	return err
}

// report writes the outcome as an event on the claim, where `kubectl describe pvc` shows it. The name
// is fixed for each claim and reason: a repeated failure does not add events.
func (p *provisioner) report(ctx context.Context, claim *core.PersistentVolumeClaim, failure error) {
	kind, reason, message := core.EventTypeNormal, reasonProvisioned, "volume pvc-"+string(claim.UID)+" is a folder on "+p.node
	if failure != nil {
		kind, reason, message = core.EventTypeWarning, reasonNotProvisoned, failure.Error()
		log.Printf("claim %s/%s: %v", claim.Namespace, claim.Name, failure)
	}
	now := meta.Now()
	_, err := p.client.CoreV1().Events(claim.Namespace).Create(ctx, &core.Event{
		ObjectMeta:     meta.ObjectMeta{Name: fmt.Sprintf("%s.%s.%s", claim.Name, claim.UID, map[bool]string{true: "ok", false: "failed"}[failure == nil])},
		InvolvedObject: core.ObjectReference{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
		Type:           kind, Reason: reason, Message: message,
		Source:         core.EventSource{Component: "volume-provisioner"},
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
	}, meta.CreateOptions{})
	if err != nil && !errors.IsAlreadyExists(err) {
		log.Printf("event of claim %s/%s: %v", claim.Namespace, claim.Name, err)
	}
}
